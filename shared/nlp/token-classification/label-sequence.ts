import type { TokenLabel } from './labels.ts';

/** Whether a label may follow another, undefined at either end of a text. */
export type MayFollow = (before: TokenLabel | undefined, after: TokenLabel | undefined) => boolean;

/** Names of {@link labelSchemes}. */
export const labelSchemeNames = ['IOB2', 'BIOES'] as const;

/** The sequences that a tagging scheme allows. */
export const labelSchemes: Readonly<Record<(typeof labelSchemeNames)[number], MayFollow>> = {
  IOB2: (before, after) => after?.role !== 'inside' || after.tag === openTag(before),
  BIOES: (before, after) => openTag(before) === continuedTag(after),
};

/**
 * For each row of probabilities the label of the most probable sequence that `mayFollow` allows: Viterbi's algorithm
 * (Viterbi 1967, doi:10.1109/TIT.1967.1054010), a sequence's probability being the product of its labels'.
 *
 * @param probabilities `rows x labels` values, row by row
 * @returns label indexes, one a row; each row's best where no sequence is allowed
 */
export function chooseLabels(
  probabilities: Float64Array,
  labels: readonly TokenLabel[],
  mayFollow: MayFollow | undefined,
): Int32Array {
  const free = bestOfEach(probabilities, labels.length);
  if (mayFollow === undefined || isAllowed(free, labels, mayFollow)) return free;
  return bestAllowed(probabilities, labels, mayFollow) ?? free;
}

function bestOfEach(probabilities: Float64Array, width: number): Int32Array {
  return Int32Array.from({ length: probabilities.length / width }, (_, row) => {
    let best = 0;
    for (let label = 1; label < width; label += 1) {
      if ((probabilities[row * width + label] ?? 0) > (probabilities[row * width + best] ?? 0)) {
        best = label;
      }
    }
    return best;
  });
}

function isAllowed(
  chosen: Int32Array,
  labels: readonly TokenLabel[],
  mayFollow: MayFollow,
): boolean {
  let before: TokenLabel | undefined;
  for (const index of chosen) {
    const after = labels[index];
    if (!mayFollow(before, after)) return false;
    before = after;
  }
  return mayFollow(before, undefined);
}

function bestAllowed(
  probabilities: Float64Array,
  labels: readonly TokenLabel[],
  mayFollow: MayFollow,
): Int32Array | undefined {
  const width = labels.length;
  const rows = probabilities.length / width;
  const cameFrom = new Int32Array(rows * width);
  const pairs = labels.map((after) => labels.map((before) => mayFollow(before, after)));
  let scores = Float64Array.from(labels, (label, index) =>
    mayFollow(undefined, label) ? Math.log(probabilities[index] ?? 0) : Number.NEGATIVE_INFINITY,
  );
  for (let row = 1; row < rows; row += 1) {
    const next = new Float64Array(width);
    for (let after = 0; after < width; after += 1) {
      let best = -1;
      for (let before = 0; before < width; before += 1) {
        const better = best < 0 || (scores[before] ?? 0) > (scores[best] ?? 0);
        if (pairs[after]?.[before] && better) best = before;
      }
      cameFrom[row * width + after] = best;
      const so = best < 0 ? Number.NEGATIVE_INFINITY : (scores[best] ?? 0);
      next[after] = so + Math.log(probabilities[row * width + after] ?? 0);
    }
    scores = next;
  }
  return traceBack(scores, cameFrom, (last) => mayFollow(labels[last], undefined));
}

function traceBack(
  scores: Float64Array,
  cameFrom: Int32Array,
  mayEnd: (label: number) => boolean,
): Int32Array | undefined {
  const width = scores.length;
  let label = -1;
  for (let last = 0; last < width; last += 1) {
    const score = scores[last] ?? Number.NEGATIVE_INFINITY;
    if (mayEnd(last) && score > (scores[label] ?? Number.NEGATIVE_INFINITY)) label = last;
  }
  if (label < 0) return undefined;
  const chosen = new Int32Array(cameFrom.length / width);
  for (let row = chosen.length - 1; row >= 0; row -= 1) {
    chosen[row] = label;
    label = cameFrom[row * width + label] ?? 0;
  }
  return chosen;
}

/** The type of the entity that goes on after the label: at its begin or inside it. */
const openTag = (label: TokenLabel | undefined): string | undefined =>
  label?.role === 'begin' || label?.role === 'inside' ? label.tag : undefined;

/** The type of the entity that the label goes on with: inside it or at its end. */
const continuedTag = (label: TokenLabel | undefined): string | undefined =>
  label?.role === 'inside' || label?.role === 'end' ? label.tag : undefined;
