import type { FindMatches } from '../pattern/find-matches.ts';
import type { Normalizer } from '../stages.ts';
import { IntegerList } from '../text-buffer.ts';

/** Puts a string in the place of every match; it has the span of the last character that it replaces. */
export function createReplace(find: FindMatches, content: string): Normalizer {
  const matches = new IntegerList();
  return {
    keeps(text) {
      matches.length = 0;
      find(text, matches);
      return matches.length === 0;
    },
    normalize(text, from, to, out) {
      if (from === to) return;
      matches.length = 0;
      find(text.slice(from, to), matches);
      let position = from;
      for (let i = 0; i < matches.length; i += 2) {
        const start = from + (matches.values[i] ?? 0);
        const end = from + (matches.values[i + 1] ?? 0);
        out.copyText(text, position, start);
        const pair = end - 2 >= from && (text.codePointAt(end - 2) ?? 0) > 0xffff;
        out.pushText(content, end === from ? from : end - (pair ? 2 : 1), end);
        position = end;
      }
      out.copyText(text, position, to);
    },
  };
}
