import type { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import type { Answer, WindowOutput } from '#shared/nlp/types.ts';
import { readOracle } from '../oracle-file.ts';
import { createTestHead } from '../test-head.ts';
import { openTinySession, readTinyJson, runWindow } from '../tiny-session.ts';

type Span = readonly [start: number, end: number, score: number];

interface Example {
  readonly question: string;
  readonly context: string;
  readonly settings: {
    readonly max_seq_len: number;
    readonly doc_stride: number;
    readonly max_answer_len: number;
    readonly top_k: number;
    readonly handle_impossible_answer: boolean;
    readonly align_to_words: boolean;
  };
  readonly answers: readonly Span[];
}

const tokenizer = createTokenizer(readTinyJson('tiny-qa/tokenizer.json'));
const { examples } = readOracle<{ examples: Example[] }>('question-answering.json.gz');
let session: InferenceSession;

beforeAll(async () => {
  session = await openTinySession('tiny-qa');
});
afterAll(() => session.release());

test("answers are those of Hugging Face's pipeline on the same weights", async () => {
  const different: unknown[] = [];
  let windows = 0;
  for (const example of examples) {
    // Prepare
    const { settings } = example;
    const prepare = createTestHead('answers', tokenizer, {
      settings: {
        maximumLength: settings.max_seq_len,
        stride: settings.doc_stride,
        maximumAnswerTokens: settings.max_answer_len,
        alignToWords: settings.align_to_words,
        nullThreshold: 1,
      },
    });
    const job = prepare(example.context, { question: example.question, topK: settings.top_k });

    // Act
    const outputs: WindowOutput[] = [];
    for (const window of job.windows) outputs.push(await runWindow(session, window));
    const given = asPipeline(job.decode(outputs), settings);

    // Assess
    windows += job.windows.length;
    // The pipeline pads its list with spans that start at the classification token, of probability 0.
    const expected = example.answers.filter(([, , score]) => score > 0);
    if (!sameSpans(given, expected)) different.push({ example, given });
  }
  expect(different).toEqual([]);
  expect(examples.length).toBeGreaterThanOrEqual(500);
  expect(windows).toBeGreaterThan(examples.length * 1.5);
}, 120_000);

/** The pipeline's list: the null answer, where it may be given, is an empty span that takes its place by score. */
function asPipeline(answers: readonly Answer[], settings: Example['settings']): Span[] {
  const spans = answers
    .filter(({ text }) => text !== null)
    .map(({ start, end, score }): Span => [start ?? 0, end ?? 0, score]);
  if (settings.handle_impossible_answer) spans.push([0, 0, answers[0]?.noAnswerScore ?? 0]);
  return spans.toSorted((a, b) => b[2] - a[2]).slice(0, settings.top_k);
}

/** Equal but for rounding: scores to 1e-4, and the order of spans whose scores are that close to equal. */
function sameSpans(given: readonly Span[], expected: readonly Span[]): boolean {
  if (given.length !== expected.length) return false;
  return expected.every(([start, end, score], index) => {
    const close = (span: Span | undefined) =>
      span !== undefined && Math.abs(span[2] - Math.min(1, score)) < 1e-4;
    const place = given.findIndex((span) => span[0] === start && span[1] === end);
    return place === index
      ? close(given[place])
      : close(given[place]) && nearTie(given, place, index);
  });
}

function nearTie(spans: readonly Span[], one: number, other: number): boolean {
  return Math.abs((spans[one]?.[2] ?? 0) - (spans[other]?.[2] ?? 1)) < 1e-6;
}
