/** Something that was given with a score, and whether it was right. */
export interface Judged {
  readonly score: number;
  readonly isRight: boolean;
}

/** What was given with scores from `from` up to `to`. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly given: number;
  /** Mean score. */
  readonly score: number;
  /** Share that was right. */
  readonly right: number;
}

/** Whether scores are what they say: of what is given with 0.9, nine of ten should be right. */
export interface Calibration {
  /** Ten of equal width, those left out that hold nothing. */
  readonly bins: readonly CalibrationBin[];
  /** Expected calibration error: the mean distance of score and share, each bin weighted by what it holds (Guo et al., 2017). */
  readonly error: number;
}

const BINS = 10;

/** Compares scores with how often they were right. */
export function calibrationOf(judged: readonly Judged[]): Calibration {
  const sums = Array.from({ length: BINS }, () => ({ given: 0, score: 0, right: 0 }));
  for (const { score, isRight } of judged) {
    const bin = sums[Math.min(BINS - 1, Math.floor(score * BINS))];
    if (bin === undefined) continue;
    bin.given++;
    bin.score += score;
    bin.right += Number(isRight);
  }
  const distance = sums.reduce((sum, { score, right }) => sum + Math.abs(score - right), 0);
  return {
    bins: sums.flatMap(({ given, score, right }, index) =>
      given === 0
        ? []
        : {
            from: index / BINS,
            to: (index + 1) / BINS,
            given,
            score: score / given,
            right: right / given,
          },
    ),
    error: distance / Math.max(1, judged.length),
  };
}

/** The curve as lines of text. */
export function calibrationLines({ bins, error }: Calibration): string[] {
  return [
    'score          mean   right   given',
    ...bins.map(
      ({ from, to, given, score, right }) =>
        `${from.toFixed(1)} to ${to.toFixed(1)}   ${score.toFixed(4)}  ${right.toFixed(4)} ${String(given).padStart(7)}`,
    ),
    `expected calibration error ${error.toFixed(4)}`,
  ];
}
