/** How well an answer agrees with the best of the expected ones; each 0 to 1. */
export interface AnswerScore {
  readonly exactMatch: number;
  readonly f1: number;
}

const punctuation = /[!-/:-@[-`{-~]/g;
const articles = /(?<![\p{L}\p{N}\p{M}_])(a|an|the)(?![\p{L}\p{N}\p{M}_])/gu;

/** An answer as SQuAD's evaluation compares it: lower case, without ASCII punctuation, articles and superfluous white space. */
export function normalizeAnswer(answer: string): string {
  const bare = answer.toLowerCase().replace(punctuation, '').replace(articles, ' ');
  return bare.split(/\s+/).filter(Boolean).join(' ');
}

/**
 * Scores an answer by SQuAD 1.1's and 2.0's rules.
 *
 * @param expected the annotators' answers; none where the question cannot be answered
 * @param given null where the context was said not to hold the answer
 */
export function scoreAnswer(expected: readonly string[], given: string | null): AnswerScore {
  const golden = expected.map(normalizeAnswer).filter((answer) => answer !== '');
  const answer = normalizeAnswer(given ?? '');
  let [exactMatch, f1] = [0, 0];
  for (const gold of golden.length > 0 ? golden : ['']) {
    exactMatch = Math.max(exactMatch, gold === answer ? 1 : 0);
    f1 = Math.max(f1, wordF1(gold, answer));
  }
  return { exactMatch, f1 };
}

/** F1 of the words two answers share (characters, where a script has no spaces), repeated ones counted as often as both have them. */
function wordF1(expected: string, given: string): number {
  if (expected === '' || given === '') return expected === given ? 1 : 0;
  const left = piecesOf(expected);
  const right = piecesOf(given);
  const counts = new Map<string, number>();
  for (const word of left) counts.set(word, (counts.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of right) {
    const count = counts.get(word) ?? 0;
    if (count > 0) shared++;
    counts.set(word, count - 1);
  }
  if (shared === 0) return 0;
  const precision = shared / right.length;
  const recall = shared / left.length;
  return (2 * precision * recall) / (precision + recall);
}

function piecesOf(answer: string): string[] {
  return answer
    .split(' ')
    .flatMap((word) => (/[\u3040-\u30ff\u3400-\u9fff]/.test(word) ? [...word] : [word]));
}
