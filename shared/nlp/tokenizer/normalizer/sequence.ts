import type { Normalizer } from '../stages.ts';
import { TextBuffer } from '../text-buffer.ts';

/** Normalizers one after the other; each sees what the one before it wrote. */
export function createNormalizerSequence(
  first: Normalizer,
  others: readonly Normalizer[],
): Normalizer {
  if (others.length === 0) return first;
  const normalizers = [first, ...others];
  let [given, made] = [new TextBuffer(), new TextBuffer()];
  return {
    keeps: (text) => normalizers.every((normalizer) => normalizer.keeps?.(text) ?? false),
    normalize(text, from, to, out) {
      let current = text.slice(from, to);
      let untouched = true;
      for (const normalizer of normalizers) {
        if (normalizer.keeps?.(current)) continue;
        made.length = 0;
        if (untouched) {
          normalizer.normalize(text, from, to, made);
        } else {
          normalizer.normalize(current, 0, current.length, made);
          mapBack(made, given, from);
        }
        [given, made] = [made, given];
        current = given.slice(0, given.length);
        untouched = false;
      }
      if (untouched) out.copyText(text, from, to);
      else out.copy(given, 0, given.length);
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
