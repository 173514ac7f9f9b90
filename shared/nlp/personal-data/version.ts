/** Raised where a rule changes, so that results of before and after are told apart; by itself, since the rules take long to load. */
export const personalDataVersion = 2;
