/** A token that is looked for in the text itself, before it is cut into words. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where no letter, digit or underscore stands beside it. */
  readonly singleWord: boolean;
  /** Takes the white space before it along. */
  readonly stripLeft: boolean;
  /** Takes the white space after it along. */
  readonly stripRight: boolean;
}

/** Where an added token stands in a text. */
export interface AddedTokenMatch {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** Finds added tokens from left to right, the longest first where two begin at one place. */
export function createAddedTokenFinder(
  tokens: readonly AddedToken[],
): (text: string) => readonly AddedTokenMatch[] {
  const known = tokens.filter((token) => token.content !== '');
  if (known.length === 0) return () => none;
  const byContent = new Map(known.map((token) => [token.content, token]));
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length);
  const pattern = longestFirst.map(escaped).join('|');
  const probe = new RegExp(pattern, 'u');

  return (text) => {
    if (!probe.test(text)) return none;
    const matches: AddedTokenMatch[] = [];
    let last = 0;
    for (const match of text.matchAll(new RegExp(pattern, 'gu'))) {
      const token = byContent.get(match[0]);
      const start = match.index;
      const end = start + match[0].length;
      if (token === undefined || start < last) continue;
      if (token.singleWord && touchesWord(text, start, end)) continue;
      const found = {
        id: token.id,
        start: token.stripLeft ? Math.max(last, text.slice(0, start).trimEnd().length) : start,
        end: token.stripRight ? text.length - text.slice(end).trimStart().length : end,
      };
      last = found.end;
      matches.push(found);
    }
    return matches;
  };
}

const none: readonly AddedTokenMatch[] = [];

function touchesWord(text: string, start: number, end: number): boolean {
  // A character at most, since an anchored pattern is tried at every place of what it is given.
  return (
    /[\p{L}\p{M}\p{N}_]$/u.test(text.slice(Math.max(0, start - 2), start)) ||
    /^[\p{L}\p{M}\p{N}_]/u.test(text.slice(end, end + 2))
  );
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
