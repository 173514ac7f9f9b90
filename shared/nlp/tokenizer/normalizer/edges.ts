import type { Normalizer } from '../stages.ts';
import { propertiesOf, property } from '../unicode/properties.ts';

/** Removes white space at either end. */
export function createStrip(left: boolean, right: boolean): Normalizer {
  const blank = (text: string, at: number) =>
    (propertiesOf(text.charCodeAt(at)) & property.space) !== 0;
  return {
    keeps: (text) =>
      text !== '' && !(left && blank(text, 0)) && !(right && blank(text, text.length - 1)),
    normalize(text, from, to, out) {
      let [start, end] = [from, to];
      while (left && start < end && blank(text, start)) start++;
      while (right && end > start && blank(text, end - 1)) end--;
      out.copyText(text, start, end);
    },
  };
}

/** Puts a string before a text that is not empty; it shares the span of the text's first character. */
export function createPrepend(prefix: string): Normalizer {
  return {
    normalize(text, from, to, out) {
      if (from === to) return;
      const first = (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1;
      out.pushText(prefix, from, from + first);
      out.copyText(text, from, to);
    },
  };
}
