import type { Spans } from './oracle.ts';

/** A labelled span with its probability. */
export interface Span {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** The pipeline's spans without the white space at their ends, which tokens of some vocabularies take along. */
export function trimmed(text: string, [types, starts, ends, scores]: Spans): Span[] {
  return types
    .map((type, index) => ({
      type,
      ...trim(text, starts[index] ?? 0, ends[index] ?? 0),
      score: scores[index] ?? 0,
    }))
    .filter(({ start, end }) => start < end);
}

/** A span without the white space at its ends. */
export function trim(text: string, start: number, end: number): { start: number; end: number } {
  const slice = text.slice(start, end);
  const from = start + slice.length - slice.trimStart().length;
  return { start: from, end: from + slice.trim().length };
}

/** By text, the first place where two lists of spans are not the same; five of them at most. */
export function differences(
  texts: readonly string[],
  expected: readonly (readonly Span[])[],
  given: readonly (readonly Span[])[],
  tolerance: number,
) {
  const found = expected.flatMap((wanted, index) => {
    const others = given[index] ?? [];
    const places = Math.max(wanted.length, others.length);
    const at = Array.from({ length: places }, (_, place) => place).find(
      (place) => !isSame(wanted[place], others[place], tolerance),
    );
    if (at === undefined) return [];
    return [{ text: texts[index], expected: wanted[at], given: others[at] }];
  });
  return found.slice(0, 5);
}

function isSame(a: Span | undefined, b: Span | undefined, tolerance: number): boolean {
  return (
    a?.type === b?.type &&
    a?.start === b?.start &&
    a?.end === b?.end &&
    Math.abs((a?.score ?? 0) - (b?.score ?? 0)) <= tolerance
  );
}
