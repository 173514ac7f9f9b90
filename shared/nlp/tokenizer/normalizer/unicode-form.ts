import type { Normalizer } from '../stages.ts';
import { IntegerList } from '../text-buffer.ts';
import { combiningClassOf } from '../unicode/character-class.ts';
import { decompositionOf } from '../unicode/decomposition.ts';
import { composeMarks } from './compose-marks.ts';
import { sortMarks } from './sort-marks.ts';

export type UnicodeForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** More marks in a row than the runtime may be given, which sorts them in quadratic time. */
const manyMarks = /\p{M}{32}/u;

/**
 * A Unicode normalization form in the library's edition. Each code point of the result comes with the characters that it
 * takes from the text: `change` 0 takes the next one, 1 shares the one before, -n takes the next one and drops n after it.
 */
export function createUnicodeForm(form: UnicodeForm): Normalizer {
  const compatible = form === 'NFKC' || form === 'NFKD';
  const composed = form === 'NFC' || form === 'NFKC';
  const codes = new IntegerList();
  const changes = new IntegerList();

  /** Decomposes, with the marks of each character in the order of their classes. */
  function decompose(text: string, from: number, to: number): void {
    codes.length = 0;
    changes.length = 0;
    let marks = 0;
    for (let i = from; i < to; ) {
      const codePoint = text.codePointAt(i) ?? 0;
      i += codePoint > 0xffff ? 2 : 1;
      const parts = decompositionOf(codePoint, compatible);
      for (let p = 0; p < parts.length; p++) {
        const part = parts[p] ?? 0;
        if (combiningClassOf(part) === 0) {
          if (marks > 1) sortMarks(codes, changes, marks);
          marks = 0;
        } else {
          marks++;
        }
        codes.push(part);
        changes.push(p === 0 ? 0 : 1);
      }
    }
    if (marks > 1) sortMarks(codes, changes, marks);
  }

  const keeps = (text: string) => !manyMarks.test(text) && text.normalize(form) === text;

  return {
    keeps,
    normalize(text, from, to, out) {
      if (keeps(text.slice(from, to))) {
        out.copyText(text, from, to);
        return;
      }
      decompose(text, from, to);
      if (composed) composeMarks(codes, changes);
      let [start, end, next] = [from, from, from];
      const take = () => {
        start = next;
        next += (text.codePointAt(next) ?? 0) > 0xffff ? 2 : 1;
        end = next;
      };
      for (let i = 0; i < codes.length; i++) {
        const change = changes.values[i] ?? 0;
        if (change <= 0) take();
        out.pushCodePoint(codes.values[i] ?? 0, start, end);
        for (let dropped = change; dropped < 0; dropped++) take();
      }
    },
  };
}
