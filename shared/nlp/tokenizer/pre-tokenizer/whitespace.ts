import type { DivideStep } from '../pieces.ts';
import type { PreTokenizer } from '../stages.ts';
import { propertiesOf, property } from '../unicode/properties.ts';

const { word, space } = property;

/** Runs of letters, digits and underscores, and runs of what is neither that nor white space. */
export function createWhitespace(): PreTokenizer {
  return { split: (pieces) => pieces.divide(divide) };
}

const divide: DivideStep = (buffer, from, to, parts) => {
  let start = from;
  let kind: number = space;
  for (let i = from; i < to; ) {
    const codePoint = buffer.codePointAt(i, to);
    const properties = propertiesOf(codePoint);
    const next = properties & word ? word : properties & space;
    if (next !== kind) {
      if (kind !== space) {
        parts.push(start);
        parts.push(i);
      }
      start = i;
      kind = next;
    }
    i += codePoint > 0xffff ? 2 : 1;
  }
  if (kind !== space) {
    parts.push(start);
    parts.push(to);
  }
};
