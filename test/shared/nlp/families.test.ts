import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sumFile } from '#shared/nlp/file-sums.ts';
import {
  type Aggregation,
  type Analysis,
  type AnalysisRequest,
  createTextEngine,
  type TextEngineOptions,
} from '#shared/nlp/index.ts';
import type { ManifestHead } from '#shared/nlp/manifest.ts';
import {
  type ExpectedAnswers,
  familiesDirectory,
  type LabelFunction,
  readFamilies,
  type Spans,
} from './families-oracle.ts';
import { openInProcessPort } from './in-process-port.ts';

interface Span {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

const { texts, questions, models } = readFamilies();
const named = Object.entries(models).map(([name, model]) => ({ name, model }));
const fp32 = 1e-4;
/** Half precision is computed in single by some versions of the runtime and not by others; int8 in seven bits by all. */
const tolerances: Readonly<Record<string, number>> = {
  'bert-fp16': 5e-3,
  'bert-fp16-outputs': 5e-3,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-families-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A models folder in which a family's model serves the head. */
async function withHead(name: string, head: ManifestHead): Promise<TextEngineOptions> {
  const directory = join(familiesDirectory, name);
  await symlink(directory, join(folder, name));
  const paths = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    paths
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return { path: path.slice(directory.length + 1), ...(await sumFile(path)) };
      }),
  );
  const config = JSON.parse(await readFile(join(directory, 'tokenizer_config.json'), 'utf8'));
  const entry = {
    ...{ name, revision: '1', source: 'made here', licence: 'Apache-2.0', languages: ['*'] },
    ...{ maximumLength: config.model_max_length, heads: [head], files },
  };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ version: 2, models: [entry] }));
  return { modelsDirectory: folder };
}

async function analyze(
  options: Partial<TextEngineOptions>,
  requests: readonly AnalysisRequest[],
): Promise<Analysis[]> {
  const engine = await createTextEngine({
    ...{ modelsDirectory: familiesDirectory, workers: 1, openPort: openInProcessPort },
    ...options,
  });
  try {
    return (await engine.analyze(requests)).map((outcome) => {
      if (outcome.ok) return outcome.value;
      throw outcome.error;
    });
  } finally {
    await engine.close();
  }
}

/** The pipeline's spans without the white space at their ends, which tokens of some vocabularies take along. */
function trimmed(text: string, [types, starts, ends, scores]: Spans): Span[] {
  return types
    .map((type, index) => {
      const start = starts[index] ?? 0;
      const slice = text.slice(start, ends[index]);
      const from = start + slice.length - slice.trimStart().length;
      return { type, start: from, end: from + slice.trim().length, score: scores[index] ?? 0 };
    })
    .filter(({ start, end }) => start < end);
}

interface Difference {
  readonly text: string;
  readonly expected?: Span | undefined;
  readonly given?: Span | undefined;
}

function compare(
  expected: readonly (readonly Span[])[],
  given: readonly (readonly Span[])[],
  tolerance: number,
): Difference[] {
  return expected.flatMap((wanted, index) => {
    const found = given[index] ?? [];
    const at = Array.from({ length: Math.max(wanted.length, found.length) }, (_, i) => i).find(
      (i) => !isSame(wanted[i], found[i], tolerance),
    );
    if (at === undefined) return [];
    return [{ text: texts[index] ?? '', expected: wanted[at], given: found[at] }];
  });
}

function isSame(a: Span | undefined, b: Span | undefined, tolerance: number): boolean {
  return (
    a?.type === b?.type &&
    a?.start === b?.start &&
    a?.end === b?.end &&
    Math.abs((a?.score ?? 0) - (b?.score ?? 0)) <= tolerance
  );
}

describe('token classification of each family, as the Python pipeline does it', () => {
  const cases = named.flatMap(({ name, model }) => {
    if (model.kind !== 'tokens') return [];
    const source = 'sameAs' in model ? models[model.sameAs] : model;
    if (source?.kind !== 'tokens' || !('expected' in source)) throw new Error(name);
    return Object.entries(source.expected).map(([aggregation, spans]) => ({
      ...{ name, spans, aggregation: aggregation as Aggregation },
    }));
  });

  it.each(cases)('$name, $aggregation', async ({ name, aggregation, spans }) => {
    // Prepare
    const options = await withHead(name, { task: 'entities', settings: { aggregation } });

    // Act: each window by itself, since dynamic int8 looks at all that runs with it.
    const found = await analyze(
      { ...options, ...(name === 'bert-int8' && { tokenBudget: 1 }) },
      texts.map((text) => ({ text, tasks: ['entities'] })),
    );

    // Assess
    const given = found.map(({ entities }) => entities);
    const expected = spans.map((list, index) => trimmed(texts[index] ?? '', list));
    expect(compare(expected, given, tolerances[name] ?? fp32).slice(0, 5)).toEqual([]);
    expect(new Set(given.flat().map(({ type }) => type)).size).toBeGreaterThan(2);
    expect(Math.max(...found.map(({ windows }) => windows))).toBeGreaterThan(3);
  });
});

describe('a folder alone', () => {
  it('serves entities by its architecture', async () => {
    const spans = models.roberta && 'expected' in models.roberta && models.roberta.expected;
    const given = await analyze({ models: ['roberta'], aggregation: 'simple' }, [
      { text: texts[0] ?? '' },
    ]);
    const [expected] = (spans && 'simple' in spans && spans.simple) || [];
    expect(given.map(({ entities }) => entities.length)).toEqual([expected?.[0].length]);
  });

  it.each(['distilbert', 'albert'])('serves parts of speech by its labels: %s', async (name) => {
    const model = models[name];
    const tags = (model && 'tags' in model && model.tags) || [];
    const found = await analyze(
      { models: [name] },
      texts.map((text) => ({ text, tasks: ['tags'] })),
    );
    const given = found.map((analysis) =>
      analysis.tags.map(({ tag, ...rest }) => ({ type: tag, ...rest })),
    );
    const expected = tags.map((list, index) => trimmed(texts[index] ?? '', list));
    expect(compare(expected, given, fp32).slice(0, 5)).toEqual([]);
    expect(given.flat().length).toBeGreaterThan(500);
  });
});

describe('text classification of each family, as the Python pipeline does it', () => {
  const cases = named.flatMap(({ name, model }) =>
    model.kind === 'labels'
      ? Object.entries(model.expected).map(([activation, scores]) => ({
          ...{ name, scores, activation: activation as LabelFunction },
        }))
      : [],
  );

  it.each(cases)('$name, $activation', async ({ name, activation, scores }) => {
    // Prepare
    const config = JSON.parse(await readFile(join(familiesDirectory, name, 'config.json'), 'utf8'));
    const labels: string[] = Object.values(config.id2label);
    const options = await withHead(name, {
      task: 'labels',
      settings: {
        ...(activation !== 'default' && { activation }),
        topK: labels.length,
        thresholds: Object.fromEntries(labels.map((label) => [label, -1e9])),
      },
    });

    // Act
    const found = await analyze(
      options,
      texts.map((text) => ({ text, tasks: ['labels'] })),
    );

    // Assess
    const given = found.map((analysis) =>
      labels.map((name) => analysis.labels.find(({ label }) => label === name)?.score),
    );
    for (const [index, row] of scores.entries()) {
      expect({ text: texts[index], scores: given[index] }).toEqual({
        text: texts[index],
        scores: row.map((score) => expect.closeTo(score, 3.7)),
      });
    }
    for (const { labels: ranked } of found) {
      expect(ranked.map(({ score }) => score)).toEqual(
        ranked.map(({ score }) => score).toSorted((a, b) => b - a),
      );
    }
  });
});

describe('question answering of each family, as the Python pipeline does it', () => {
  const cases = named.flatMap(({ name, model }) =>
    model.kind === 'answers' ? [{ name, expected: model.expected }] : [],
  );

  it.each(cases)('$name', async ({ name, expected }) => {
    const found = await analyze(
      { models: [name], nullThreshold: 1 },
      questions.map(({ question, context, topK }) => ({
        ...{ text: context, questions: [question], topK, tasks: ['answers'] },
      })),
    );
    const different = found.flatMap(({ answers }, index) => {
      const [isNullAllowed, spans] = expected[index] as ExpectedAnswers;
      const given = answers.flatMap(({ start, end, score }) =>
        start === null || end === null ? [] : [[start, end, score] as const],
      );
      // The pipeline puts the null answer among the others, as a span of no length.
      const all = isNullAllowed
        ? [...given, [0, 0, answers[0]?.noAnswerScore ?? 0] as const]
        : given;
      const ranked = all.toSorted((a, b) => b[2] - a[2]).slice(0, questions[index]?.topK);
      const same = (a: readonly number[] = [], b: readonly number[] = []) =>
        a[0] === b[0] && a[1] === b[1] && Math.abs((a[2] ?? 0) - Math.min(1, b[2] ?? 0)) <= fp32;
      const isEqual =
        ranked.length === spans.length && spans.every((span, i) => same(ranked[i], span));
      return isEqual ? [] : [{ ...questions[index], expected: spans, given: ranked }];
    });
    expect(different.slice(0, 5)).toEqual([]);
    expect(Math.max(...found.map(({ windows }) => windows))).toBeGreaterThan(3);
  });
});
