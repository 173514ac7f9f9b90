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
  options: { limit?: number | undefined; unanswerable: boolean; seed: number; signal: AbortSignal },
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
  const summary = figures(scored);
  if (options.unanswerable) {
    const { examples, declineRate } = summary;
    const lines = [`declined ${declineRate.toFixed(2)} % of ${examples} unanswerable`];
    return { summary: { examples, declineRate }, lines };
  }
  const lines = [inWords(summary)];
  const impossible = scored.filter(({ example }) => example.answers.length === 0);
  if (impossible.length === 0) return { summary: { ...summary }, lines };
  const hasAnswer = figures(scored.filter(({ example }) => example.answers.length > 0));
  const noAnswer = figures(impossible);
  const best = bestThreshold(scored);
  lines.push(
    `with an answer (${hasAnswer.examples}): ${inWords(hasAnswer)}`,
    `without (${noAnswer.examples}): declined ${noAnswer.declineRate.toFixed(2)} %`,
    `best nullThreshold up to the model's own: ${best.threshold.toFixed(4)} (F1 ${best.f1.toFixed(2)})`,
  );
  return { summary: { ...summary, hasAnswer, noAnswer, best }, lines };
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
  const analyses = await analyzeInSlices(engine, requests, 'contexts', signal);
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

interface AnswerFigures {
  readonly examples: number;
  readonly exactMatch: number;
  readonly f1: number;
  readonly declineRate: number;
}

function figures(scored: readonly Scored[]): AnswerFigures {
  const meanOf = (figure: (one: Scored) => number) =>
    percentage(
      scored.reduce((sum, one) => sum + figure(one), 0),
      scored.length,
    );
  return {
    examples: scored.length,
    exactMatch: meanOf(({ exactMatch }) => exactMatch),
    f1: meanOf(({ f1 }) => f1),
    declineRate: meanOf(({ answer }) => Number(answer?.text === null)),
  };
}

function inWords({ exactMatch, f1, declineRate }: AnswerFigures): string {
  return `exact match ${exactMatch.toFixed(2)}, F1 ${f1.toFixed(2)}, declined ${declineRate.toFixed(2)} %`;
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
