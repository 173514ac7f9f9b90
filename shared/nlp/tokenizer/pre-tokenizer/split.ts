import type { FindMatches } from '../pattern/find-matches.ts';
import type { PreTokenizer } from '../stages.ts';
import { IntegerList } from '../text-buffer.ts';
import type { SplitBehavior } from './file.ts';
import { splitAt } from './split-behavior.ts';

/** Splits at what a pattern finds in a piece; it sees nothing of what is beside it. */
export function createSplit(
  find: FindMatches,
  behavior: SplitBehavior,
  invert: boolean,
): PreTokenizer {
  const matches = new IntegerList();
  return {
    split(pieces) {
      pieces.divide((buffer, from, to, parts) => {
        matches.length = 0;
        find(buffer.slice(from, to), matches);
        for (let i = 0; i < matches.length; i++) {
          matches.values[i] = from + (matches.values[i] ?? 0);
        }
        splitAt(matches, from, to, behavior, invert, parts);
      });
    },
  };
}

/** Splits at every character of a kind. */
export function createCharacterSplit(
  isDelimiter: (codePoint: number) => boolean,
  behavior: SplitBehavior,
): PreTokenizer {
  const matches = new IntegerList();
  return {
    split(pieces) {
      pieces.divide((buffer, from, to, parts) => {
        matches.length = 0;
        for (let i = from; i < to; ) {
          const codePoint = buffer.codePointAt(i, to);
          const end = i + (codePoint > 0xffff ? 2 : 1);
          if (isDelimiter(codePoint)) {
            matches.push(i);
            matches.push(end);
          }
          i = end;
        }
        splitAt(matches, from, to, behavior, false, parts);
      });
    },
  };
}

/** Splits into parts of so many characters; the last may have fewer. */
export function createFixedLength(length: number): PreTokenizer {
  return {
    split(pieces) {
      pieces.divide((buffer, from, to, parts) => {
        let start = from;
        let count = 0;
        for (let i = from; i < to; ) {
          i += buffer.codePointAt(i, to) > 0xffff ? 2 : 1;
          if (++count < length && i < to) continue;
          parts.push(start);
          parts.push(i);
          start = i;
          count = 0;
        }
      });
    },
  };
}
