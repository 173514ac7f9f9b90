/**
 * Softmax of one row of logits, as wide as `into`.
 *
 * @throws {RangeError} where a logit is no number
 */
export function softmaxRow(logits: ArrayLike<number>, row: number, into: Float64Array): void {
  const offset = row * into.length;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < into.length; i += 1) {
    const value = logits[offset + i] ?? 0;
    if (value > highest) highest = value;
  }
  let sum = 0;
  for (let i = 0; i < into.length; i += 1) {
    const value = Math.exp((logits[offset + i] ?? 0) - highest);
    into[i] = value;
    sum += value;
  }
  if (Number.isNaN(sum)) throw new RangeError('the model gave a score that is no number');
  for (let i = 0; i < into.length; i += 1) into[i] = (into[i] ?? 0) / sum;
}
