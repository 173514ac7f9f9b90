import type { Entity } from '../types.ts';
import type { PersonalData, PersonalDataKind } from './kinds.ts';

export { type PersonalData, type PersonalDataKind, personalDataKinds } from './kinds.ts';

/** What is known of a text beside its letters. */
export interface PersonalDataOptions {
  /** BCP 47; `und` where it is not known. Decides which countries' phone numbers are tried. */
  readonly language: string;
  /** ISO 3166 codes of the countries whose numbers are looked for; by default all that there are rules for. */
  readonly countries?: readonly string[];
  /** What a model found in the same text: `PER` becomes `PERSON`, `LOC` `LOCATION`, `ORG` `ORGANIZATION`. */
  readonly entities?: readonly Entity[];
  /** Kinds that are looked for; by default all but `ORGANIZATION`. */
  readonly kinds?: readonly PersonalDataKind[];
}

/** A candidate of a rule. */
export type Finding = Omit<PersonalData, 'text'>;
