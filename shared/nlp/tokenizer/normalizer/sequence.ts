import type { Normalizer } from '../stages.ts';
import { TextBuffer } from '../text-buffer.ts';

/** Normalizers one after the other; each sees what the one before it wrote. */
export function createNormalizerSequence(
  first: Normalizer,
  others: readonly Normalizer[],
): Normalizer {
  if (others.length === 0) return first;
  let [given, made] = [new TextBuffer(), new TextBuffer()];
  return {
    normalize(text, from, to, out) {
      given.length = 0;
      first.normalize(text, from, to, given);
      for (const normalizer of others) {
        made.length = 0;
        normalizer.normalize(given.slice(0, given.length), 0, given.length, made);
        mapBack(made, given, from);
        [given, made] = [made, given];
      }
      out.copy(given, 0, given.length);
    },
  };
}

/** Turns spans in `given` into those of the text that `given` itself was made of. */
function mapBack(made: TextBuffer, given: TextBuffer, origin: number): void {
  const { starts, ends } = made;
  for (let i = 0; i < made.length; i++) {
    const [start = 0, end = 0] = [starts[i], ends[i]];
    starts[i] = start === end ? origin : (given.starts[start] ?? 0);
    ends[i] = start === end ? origin : (given.ends[end - 1] ?? 0);
  }
}
