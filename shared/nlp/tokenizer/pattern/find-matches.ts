import type { PatternFile } from '../normalizer/file.ts';
import type { IntegerList } from '../text-buffer.ts';
import { translateRegex } from './oniguruma.ts';

/** Appends start and end of each match in a text, from left to right, none overlapping. */
export type FindMatches = (text: string, matches: IntegerList) => void;

/**
 * Makes what finds a pattern of `tokenizer.json`.
 *
 * @param part names the stage in an error
 * @throws {ModelError} where a regular expression uses what cannot be translated.
 */
export function createFindMatches(pattern: PatternFile, part: string): FindMatches {
  return 'String' in pattern
    ? findString(pattern.String)
    : findRegex(translateRegex(pattern.Regex, part));
}

function findString(wanted: string): FindMatches {
  if (wanted === '') return () => {};
  return (text, matches) => {
    for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + wanted.length)) {
      matches.push(at);
      matches.push(at + wanted.length);
    }
  };
}

function findRegex(regex: RegExp): FindMatches {
  return (text, matches) => {
    // Nothing is ever found in an empty text.
    if (text === '') return;
    let lastEnd = -1;
    regex.lastIndex = 0;
    for (let match = regex.exec(text); match; match = regex.exec(text)) {
      const start = match.index;
      const end = start + match[0].length;
      if (start === end && (start === lastEnd || cutsPair(text, start))) {
        // No empty match stands at the end of another: the search goes on a character further. (Nor does one stand in the
        // middle of a character, where V8 does find some.)
        if (end >= text.length) return;
        regex.lastIndex = end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
        continue;
      }
      matches.push(start);
      matches.push(end);
      lastEnd = end;
      // After an empty match the same one is found again, and passed over as above.
      regex.lastIndex = end;
    }
  };
}

function cutsPair(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}
