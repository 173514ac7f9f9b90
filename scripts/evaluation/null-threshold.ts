/**
 * The threshold (decline where the margin exceeds it) with the highest total F1, and that total. Answers already declined take
 * no part, so it is the best of those up to the threshold in force.
 *
 * @param points of each answered question: `noAnswerScore - score`, and the F1 of the answer given and of none
 */
export function bestNullThreshold(
  points: readonly { margin: number; answered: number; declined: number }[],
) {
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
