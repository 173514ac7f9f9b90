import { createProgress } from '#shared/cli/progress.ts';
import { ConfigurationError, messageOf, ValidationError } from '#shared/errors.ts';
import type { Answer, TextEngine } from '#shared/nlp/index.ts';
import { analyzeInSlices, type EvaluationOptions } from './analyze-in-slices.ts';
import { bestNullThreshold } from './evaluation/null-threshold.ts';
import { type QuestionExample, readSquad } from './evaluation/squad-file.ts';
import { scoreAnswer } from './evaluation/squad-scores.ts';
import { makeUnanswerable } from './evaluation/unanswerable.ts';

/** What of question answering is evaluated. */
export interface AnswerEvaluation extends EvaluationOptions {
  /** Ask about other paragraphs, which do not hold the answer, and report how often none is given. */
  readonly unanswerable: boolean;
  readonly seed: number;
}

/** Evaluates question answering by SQuAD's rules; figures are percentages, as SQuAD's are. */
export async function evaluateAnswers(
  engine: TextEngine,
  data: string,
  options: AnswerEvaluation,
): Promise<{ summary: Record<string, unknown>; lines: string[] }> {
  const all = readSquad(parseJson(data));
  const examples = (options.unanswerable ? makeUnanswerable(all, options.seed) : all).slice(
    0,
    options.limit,
  );
  if (examples.length === 0) {
    const why = options.unanswerable ? ' with another paragraph that does not answer it' : '';
    throw new ValidationError('data', `the data holds no question${why}`);
  }
  const answers = await answerAll(engine, examples, options);
  const scored = examples.map((example, index) => {
    const answer = answers[index];
    return { example, answer, ...scoreAnswer(example.answers, answer?.text ?? null) };
  });
  const declined = scored.filter(({ answer }) => answer?.text === null).length;
  const declineRate = percentage(declined, scored.length);
  if (options.unanswerable) {
    return {
      summary: { examples: scored.length, declineRate },
      lines: [`declined ${declined} of ${scored.length} unanswerable: ${declineRate.toFixed(2)} %`],
    };
  }
  const answerable = scored.filter(({ example }) => example.answers.length > 0);
  const impossible = scored.filter(({ example }) => example.answers.length === 0);
  const { exactMatch, f1 } = mean(scored);
  const lines = [`exact match ${exactMatch.toFixed(2)}, F1 ${f1.toFixed(2)}`];
  lines.push(`declined ${declineRate.toFixed(2)} %`);
  if (impossible.length === 0) {
    return { summary: { examples: scored.length, exactMatch, f1, declineRate }, lines };
  }
  const [hasAnswer, noAnswer] = [mean(answerable), mean(impossible)];
  lines.push(
    `with an answer:    EM ${hasAnswer.exactMatch.toFixed(2)}, F1 ${hasAnswer.f1.toFixed(2)}`,
  );
  lines.push(`without an answer: EM ${noAnswer.exactMatch.toFixed(2)}`);
  const best = bestThreshold(scored);
  lines.push(
    `best nullThreshold up to the model's own: ${best.threshold.toFixed(4)} (F1 ${best.f1.toFixed(2)})`,
  );
  const summary = {
    examples: scored.length,
    exactMatch,
    f1,
    declineRate,
    hasAnswer,
    noAnswer,
    best,
  };
  return { summary, lines };
}

/** Asks all questions of one context together, as consecutive examples. */
async function answerAll(
  engine: TextEngine,
  examples: readonly QuestionExample[],
  { language, signal }: AnswerEvaluation,
): Promise<Answer[]> {
  const given = { tasks: ['answers'], ...(language !== undefined && { language }) } as const;
  const requests: (typeof given & { text: string; questions: string[] })[] = [];
  for (const { context, question } of examples) {
    const last = requests.at(-1);
    if (last?.text === context) last.questions.push(question);
    else requests.push({ text: context, questions: [question], ...given });
  }
  const progress = createProgress({ label: 'eval', total: requests.length, unit: 'contexts' });
  const analyses = await analyzeInSlices(engine, requests, progress, signal);
  if (analyses.some(({ unserved }) => unserved.includes('answers'))) {
    throw new ConfigurationError('no loaded model answers questions in the language of the data');
  }
  return analyses.flatMap(({ answers }) => answers);
}

interface Scored {
  readonly example: QuestionExample;
  readonly answer: Answer | undefined;
  readonly exactMatch: number;
  readonly f1: number;
}

function bestThreshold(scored: readonly Scored[]): { threshold: number; f1: number } {
  const given = scored.filter(({ answer }) => answer?.text !== null);
  const settled = scored.filter(({ answer }) => answer?.text === null);
  const { threshold, total } = bestNullThreshold(
    given.map(({ example, answer, f1 }) => ({
      margin: (answer?.noAnswerScore ?? 0) - (answer?.score ?? 0),
      answered: f1,
      declined: scoreAnswer(example.answers, null).f1,
    })),
  );
  const rest = settled.reduce((sum, { f1 }) => sum + f1, 0);
  return { threshold, f1: percentage(total + rest, scored.length) };
}

function mean(scored: readonly Scored[]): { exactMatch: number; f1: number } {
  let [exact, f1] = [0, 0];
  for (const score of scored) {
    exact += score.exactMatch;
    f1 += score.f1;
  }
  return { exactMatch: percentage(exact, scored.length), f1: percentage(f1, scored.length) };
}

function percentage(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // It quotes the text, whose line breaks would make several lines of one sentence.
    const reason = messageOf(error).replace(/\s+/g, ' ');
    throw new ValidationError('data', `the data must be SQuAD JSON: ${reason}`, { cause: error });
  }
}
