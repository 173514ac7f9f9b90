import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Aggregation, Answer } from '#shared/nlp/index.ts';
import { differences, type Span, trim, trimmed } from './families/compare.ts';
import { analyze, readFamilyJson, withHead } from './families/engine.ts';
import { type ExpectedAnswers, readFamilies } from './families/oracle.ts';

const { texts, questions, models } = readFamilies();
const named = Object.entries(models);
/** Runtimes differ in the last digits; in half precision in the third, since some compute it in single. */
const toleranceOf = (name: string) => (name.includes('fp16') ? 5e-3 : 1e-4);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-families-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe("token classification is the Python pipeline's", () => {
  const cases = named.flatMap(([name, given]) => {
    const model = 'sameAs' in given ? models[given.sameAs] : given;
    return model?.kind === 'tokens' && 'expected' in model
      ? Object.entries(model.expected).map(
          ([aggregation, spans]) => [name, aggregation as Aggregation, spans] as const,
        )
      : [];
  });

  it.each(cases)('%s, %s', async (name, aggregation, spans) => {
    // Prepare
    const options = await withHead(folder, name, { task: 'entities', settings: { aggregation } });

    // Act
    const found = await analyze(
      options,
      texts.map((text) => ({ text, tasks: ['entities'] })),
    );

    // Assess
    const given = found.map(({ entities }) => entities);
    const expected = spans.map((list, index) => trimmed(texts[index] ?? '', list));
    expect(differences(texts, expected, given, toleranceOf(name))).toEqual([]);
    expect(new Set(given.flat().map(({ type }) => type)).size).toBeGreaterThan(1);
    expect(Math.max(...found.map(({ windows }) => windows))).toBeGreaterThan(3);
  });
});

describe('a folder alone', () => {
  it('serves entities by its architecture', async () => {
    const model = models.roberta;
    const spans = model && 'expected' in model && model.kind === 'tokens' && model.expected.max;

    const found = await analyze(
      { models: ['roberta'], aggregation: 'max' },
      texts.map((text) => ({ text })),
    );

    const expected = (spans || []).map((list, index) => trimmed(texts[index] ?? '', list));
    const given = found.map(({ entities }) => entities);
    expect(expected).toHaveLength(texts.length);
    expect(differences(texts, expected, given, 1e-4)).toEqual([]);
  });

  const taggers = ['distilbert', 'albert', 'albert-trained'];
  it.each(taggers)('serves parts of speech by its labels: %s', async (name) => {
    const model = models[name];
    const tags = (model && 'tags' in model && model.tags) || [];

    const found = await analyze(
      { models: [name] },
      texts.map((text) => ({ text, tasks: ['tags'] })),
    );

    const given = found.map((one) =>
      one.tags.map(({ tag: type, ...span }): Span => ({ type, ...span })),
    );
    const expected = tags.map((list, index) => trimmed(texts[index] ?? '', list));
    expect(expected).toHaveLength(texts.length);
    expect(differences(texts, expected, given, 1e-4)).toEqual([]);
  });
});

it('an ALBERT that was trained says what it learnt', async () => {
  const text = 'I think that it is very good but we can not buy it';

  const [found] = await analyze({ models: ['albert-trained'] }, [{ text, tasks: ['tags'] }]);

  const tags = 'PRON VERB SCONJ PRON AUX ADV ADJ CCONJ PRON AUX PART VERB PRON';
  expect(found?.tags.map(({ start, end }) => text.slice(start, end))).toEqual(text.split(' '));
  expect(found?.tags.map(({ tag }) => tag)).toEqual(tags.split(' '));
});

describe("text classification is the Python pipeline's", () => {
  const cases = named.flatMap(([name, model]) =>
    model.kind === 'labels'
      ? Object.entries(model.expected).map(
          ([activation, scores]) => [name, activation, scores] as const,
        )
      : [],
  );

  it.each(cases)('%s, %s', async (name, activation, scores) => {
    // Prepare: all labels, however unlikely.
    const config = await readFamilyJson(name, 'config.json');
    const labels: string[] = Object.values(config.id2label);
    const thresholds = Object.fromEntries(labels.map((label) => [label, -1e9]));
    const given = activation === 'default' ? {} : { activation };
    const settings = { ...given, topK: labels.length, thresholds };
    const options = await withHead(folder, name, { task: 'labels', settings });

    // Act
    const found = await analyze(
      options,
      texts.map((text) => ({ text, tasks: ['labels'] })),
    );

    // Assess
    for (const [index, row] of scores.entries()) {
      const wanted = row.map((score, column) => ({ label: labels[column], score }));
      const ranked = wanted.toSorted((a, b) => b.score - a.score);
      expect(found[index]?.labels).toEqual(
        ranked.map(({ label, score }) => ({
          task: name,
          label,
          score: expect.closeTo(score, 3.7),
        })),
      );
    }
    expect(scores).toHaveLength(texts.length);
    expect(Math.max(...found.map(({ windows }) => windows))).toBeGreaterThan(3);
  });
});

describe("question answering is the Python pipeline's", () => {
  const cases = named.flatMap(([name, model]) =>
    model.kind === 'answers' ? [[name, model.expected] as const] : [],
  );

  it.each(cases)('%s', async (name, expected) => {
    const found = await analyze(
      { models: [name], nullThreshold: 1 },
      questions.map(({ question, context: text, topK }) => ({ text, questions: [question], topK })),
    );

    const asSpans = (index: number, [, spans]: ExpectedAnswers) =>
      spans.map(([start, end, score]): Span => {
        const { context = '' } = questions[index] ?? {};
        return { type: '', ...trim(context, start, end), score: Math.min(1, score) };
      });
    const wanted = expected.map((answers, index) => asSpans(index, answers));
    const given = found.map(({ answers }, index) =>
      asPipeline(answers, expected[index]?.[0] ?? false).slice(0, questions[index]?.topK),
    );
    const contexts = questions.map(({ context }) => context);
    expect(differences(contexts, wanted, given, 1e-4)).toEqual([]);
    expect(Math.max(...found.map(({ windows }) => windows))).toBeGreaterThan(3);
  });

  /** The pipeline puts the null answer among the others, as a span of no length. */
  function asPipeline(answers: readonly Answer[], isNullAllowed: boolean): Span[] {
    const spans = answers.flatMap(({ start, end, score }): Span[] =>
      start === null || end === null ? [] : [{ type: '', start, end, score }],
    );
    const noAnswer = { type: '', start: 0, end: 0, score: answers[0]?.noAnswerScore ?? 0 };
    if (isNullAllowed) spans.push(noAnswer);
    return spans.sort((a, b) => b.score - a.score);
  }
});
