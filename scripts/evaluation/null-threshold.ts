/** An answered question: how sure the model was of no answer beyond its answer, and what either would have scored. */
export interface ThresholdPoint {
  /** `noAnswerScore - score`. */
  readonly margin: number;
  /** F1 of the answer given. */
  readonly answered: number;
  /** F1 of no answer. */
  readonly declined: number;
}

/**
 * The threshold (decline where the margin exceeds it) with the highest total F1, and that total. Answers already declined take
 * no part, so it is the best of those up to the threshold in force.
 */
export function bestNullThreshold(points: readonly ThresholdPoint[]): {
  threshold: number;
  total: number;
} {
  // From the highest margin down: everything above the threshold is declined.
  const sorted = points.toSorted((a, b) => b.margin - a.margin);
  let total = sorted.reduce((sum, { answered }) => sum + answered, 0);
  let best = { threshold: 1, total };
  sorted.forEach(({ margin, answered, declined }, index) => {
    total += declined - answered;
    const next = sorted[index + 1]?.margin ?? -1;
    if (next < margin && total > best.total) best = { threshold: next, total };
  });
  return best;
}
