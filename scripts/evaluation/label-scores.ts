/** How well labels were given; 0 to 1, `matthews` -1 to 1. */
export interface LabelScores {
  /** Mean of the labels' F1. */
  readonly macroF1: number;
  /** Share of texts whose best label is one of the right ones. */
  readonly accuracy: number;
  /** Matthews' correlation coefficient, for any number of labels (Gorodkin, 2004); of a text with several, the best one counts. */
  readonly matthews: number;
  readonly labels: Readonly<Record<string, { readonly f1: number; readonly support: number }>>;
}

/** A text's right labels, and those given, the best first. */
export interface LabelPair {
  readonly expected: readonly string[];
  readonly predicted: readonly string[];
}

/** Scores labels against the right ones: one of each, or several. */
export function scoreLabels(pairs: readonly LabelPair[]): LabelScores {
  const counts = new Map<string, { right: number; expected: number; predicted: number }>();
  const of = (label: string) => {
    const those = counts.get(label) ?? { right: 0, expected: 0, predicted: 0 };
    counts.set(label, those);
    return those;
  };
  const truths = new Map<string, number>();
  const guesses = new Map<string, number>();
  let right = 0;
  for (const { expected, predicted } of pairs) {
    for (const label of expected) of(label).expected++;
    for (const label of predicted) {
      of(label).predicted++;
      of(label).right += Number(expected.includes(label));
    }
    const [guess = ''] = predicted;
    const truth = expected.includes(guess) ? guess : (expected[0] ?? '');
    right += Number(guess === truth);
    truths.set(truth, (truths.get(truth) ?? 0) + 1);
    guesses.set(guess, (guesses.get(guess) ?? 0) + 1);
  }
  const labels = Object.fromEntries(
    [...counts]
      .filter(([, { expected }]) => expected > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([label, { right: hits, expected, predicted }]) => [
        label,
        { f1: (2 * hits) / (expected + predicted), support: expected },
      ]),
  );
  const f1s = Object.values(labels).map(({ f1 }) => f1);
  return {
    macroF1: f1s.reduce((sum, f1) => sum + f1, 0) / Math.max(1, f1s.length),
    accuracy: right / Math.max(1, pairs.length),
    matthews: correlation(right, pairs.length, truths, guesses),
    labels,
  };
}

function correlation(
  right: number,
  total: number,
  truths: ReadonlyMap<string, number>,
  guesses: ReadonlyMap<string, number>,
): number {
  const sumOf = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>) =>
    [...a].reduce((sum, [label, count]) => sum + count * (b.get(label) ?? 0), 0);
  const spread =
    (total * total - sumOf(guesses, guesses)) * (total * total - sumOf(truths, truths));
  return spread === 0 ? 0 : (right * total - sumOf(truths, guesses)) / Math.sqrt(spread);
}
