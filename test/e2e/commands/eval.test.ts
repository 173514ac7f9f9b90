import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ValidationError } from '#shared/errors.ts';
import { type Answer, createTextEngine, type Entity, type TextEngine } from '#shared/nlp/index.ts';
import { evaluateAnswers } from '../../../scripts/evaluate-answers.ts';
import { evaluateEntities } from '../../../scripts/evaluate-entities.ts';
import { makeFolder, tinyModels } from '../support/folders.ts';
import { lastJson, runCommand, startCommand } from '../support/run-command.ts';

// The models' weights are random, so the labels are made of what they find, and then spoilt by a known number.
let folder: Awaited<ReturnType<typeof makeFolder>>;
let engine: TextEngine;
beforeAll(async () => {
  folder = await makeFolder();
  engine = await createTextEngine({ modelsDirectory: tinyModels, workers: 1 });
});
afterAll(async () => {
  await engine.close();
  await folder.remove();
});

const evaluate = (task: string, data: string, ...flags: string[]) => {
  const args = ['--task', task, '--data', data, '--models', tinyModels, '--json', ...flags];
  return runCommand('scripts/eval.ts', args);
};

async function put(name: string, text: string): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, text);
  return path;
}

async function analyze(text: string, ...questions: string[]) {
  const [outcome] = await engine.analyze([{ text, questions }]);
  if (!outcome?.ok) throw new Error('the tiny models do not run');
  return outcome.value;
}

describe('eval --task ner', () => {
  const sentences = [
    'Ada Lovelace lived in London .',
    'The river runs past Bergen to the sea .',
    'He works for Siemens in Munich .',
  ];
  let found: readonly (readonly Entity[])[];
  beforeAll(async () => {
    found = await Promise.all(sentences.map(async (text) => (await analyze(text)).entities));
  });

  /** Columns of the corpus in which the entities are those found, those of a sentence left out. */
  function columns(withoutLabels?: number): string {
    const lines = sentences.map((text, sentence) => {
      let end = -1;
      return text.split(' ').map((word) => {
        const start = end + 1;
        end = start + word.length;
        const entity =
          sentence === withoutLabels
            ? undefined
            : found[sentence]?.find((one) => one.start < end && one.end > start);
        if (!entity) return `${word} NN O`;
        return `${word} NN ${entity.start >= start ? 'B' : 'I'}-${entity.type}`;
      });
    });
    return lines.map((sentence) => `${sentence.join('\n')}\n`).join('\n');
  }

  it('gives 1 where every label is what the model finds', async () => {
    const { code, out } = await evaluate('ner', await put('all.txt', columns()));

    expect(code).toBe(0);
    expect(lastJson(out)).toMatchObject({
      task: 'ner',
      model: 'tiny-ner',
      data: 'all.txt',
      examples: 3,
      precision: 1,
      recall: 1,
      f1: 1,
    });
    expect(out).toContain('tiny-ner on all.txt');
  });

  it('counts what is found and not labelled against precision', async () => {
    // Prepare
    const all = found.flat().length;
    const unlabelled = found[1]?.length ?? 0;
    const precision = (all - unlabelled) / all;

    // Act
    const { out } = await evaluate('ner', await put('spoilt.txt', columns(1)));

    // Assess
    expect(unlabelled).toBeGreaterThan(0);
    const f1 = (2 * precision) / (precision + 1);
    expect(lastJson(out)).toMatchObject({ precision, recall: 1, f1 });
  });

  it('reads no further than --limit, with a model given by its folder', async () => {
    const data = await put('limited.txt', columns(1));
    const model = join(tinyModels, 'tiny-ner');

    const { out } = await evaluate('ner', data, '--limit', '1', '--model', model);

    expect(lastJson(out)).toMatchObject({ model: 'tiny-ner', examples: 1, precision: 1, f1: 1 });
  });
});

describe('eval --task qa', () => {
  const contexts = ['Ada Lovelace lived in London .', 'The river runs past Bergen to the sea .'];
  const questions = ['Where did Ada live?', 'Who works?'];
  let answers: readonly (readonly Answer[])[];
  beforeAll(async () => {
    answers = await Promise.all(
      contexts.map(async (text) => (await analyze(text, ...questions)).answers),
    );
  });
  const declined = () => answers.flat().filter(({ text }) => text === null).length;

  /** SQuAD's JSON, in which the expected answers are those given, but for one. */
  const squad = (wrong?: { context: number; question: number }) =>
    JSON.stringify({
      data: [
        {
          paragraphs: contexts.map((context, c) => ({
            context,
            qas: questions.map((question, q) => {
              const given = answers[c]?.[q]?.text ?? null;
              const isWrong = wrong?.context === c && wrong.question === q;
              return {
                question,
                is_impossible: given === null,
                answers: given === null ? [] : [{ text: isWrong ? 'zebra' : given }],
              };
            }),
          })),
        },
      ],
    });

  it('gives 100 where every answer is what the model gives', async () => {
    const { code, out } = await evaluate('qa', await put('all.json', squad()));

    expect(code).toBe(0);
    expect(lastJson(out)).toMatchObject({
      task: 'qa',
      model: 'tiny-qa',
      data: 'all.json',
      examples: 4,
      exactMatch: 100,
      f1: 100,
      declineRate: (100 * declined()) / 4,
      hasAnswer: { examples: 4 - declined(), exactMatch: 100, f1: 100, declineRate: 0 },
      noAnswer: { examples: declined(), declineRate: 100 },
    });
  });

  it('counts a wrong answer, and reads no further than --limit', async () => {
    const data = await put('spoilt.json', squad({ context: 0, question: 0 }));

    const whole = await evaluate('qa', data);
    const limited = await evaluate('qa', data, '--limit', '1');

    expect(answers[0]?.[0]?.text).not.toBeNull();
    expect(lastJson(whole.out)).toMatchObject({ examples: 4, exactMatch: 75, f1: 75 });
    expect(lastJson(limited.out)).toMatchObject({ examples: 1, exactMatch: 0, f1: 0 });
  });

  it('with --must-answer declines nothing', async () => {
    const { out } = await evaluate('qa', await put('must.json', squad()), '--must-answer');

    expect(declined()).toBeGreaterThan(0);
    const wrong = (100 * declined()) / 4;
    expect(lastJson(out)).toMatchObject({
      declineRate: 0,
      exactMatch: 100 - wrong,
      hasAnswer: { examples: 4 - declined(), exactMatch: 100, f1: 100 },
      noAnswer: { examples: declined(), declineRate: 0 },
    });
  });

  it('with --unanswerable asks about the other paragraph, and reports how often it declined', async () => {
    // Prepare: with two paragraphs there is one other for each question.
    const [first = '', second = ''] = contexts;
    const asked = [
      ...(await analyze(second, ...questions)).answers,
      ...(await analyze(first, ...questions)).answers,
    ];
    const none = asked.filter(({ text }) => text === null).length;

    // Act
    const { code, out } = await evaluate('qa', await put('un.json', squad()), '--unanswerable');

    // Assess
    expect(code).toBe(0);
    expect(lastJson(out)).toEqual({
      task: 'qa',
      model: 'tiny-qa',
      data: 'un.json',
      examples: 4,
      declineRate: (100 * none) / 4,
    });
  });
});

describe('eval', () => {
  it.each<[string, string, string[], string, RegExp]>([
    ['a flag of the other task', 'ner', ['--must-answer'], 'a O', /goes with --task qa only/],
    [
      'a model of the other task',
      'ner',
      ['--model', 'tiny-qa'],
      'a O',
      /tiny-qa is for answers, not for entities/,
    ],
    ['a model that is not there', 'ner', ['--model', 'none'], 'a O', /none is neither a model of/],
    [
      'flags that exclude each other',
      'qa',
      ['--must-answer', '--unanswerable'],
      '{}',
      /exclude each other/,
    ],
    ['a word without a tag', 'ner', [], 'a O\n\nb O\nc\n', /line 4: the last column must be O, B-/],
  ])('refuses %s in one line', async (_, task, flags, data, sentence) => {
    const { code, out, said } = await evaluate(task, await put('bad', data), ...flags);

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(said).toMatch(sentence);
    expect(said).toMatch(/^eval: .*\n$/);
  });

  it.each<[string, 'ner' | 'qa', boolean, string, RegExp]>([
    ['a tag of another scheme', 'ner', false, 'a O\nb S-PER\n', /line 2: the last column/],
    ['no sentence', 'ner', false, '\n\n', /the data holds no sentence/],
    ['what is no JSON', 'qa', false, '{\n"data": [\n}', /^the data must be SQuAD JSON: .* JSON$/],
    [
      'a question without text',
      'qa',
      false,
      squadOf([{}]),
      /data\[0\]\.paragraphs\[0\]\.qas\[0\]\.question/,
    ],
    ['no question', 'qa', false, squadOf([]), /the data holds no question$/],
    ['no other paragraph', 'qa', true, squadOf([{ question: 'Who?' }]), /with another paragraph/],
  ])('refuses data with %s', async (_, task, unanswerable, data, sentence) => {
    const { signal } = new AbortController();

    const evaluated =
      task === 'ner'
        ? evaluateEntities(engine, data, { signal })
        : evaluateAnswers(engine, data, { unanswerable, seed: 1, signal });

    await expect(evaluated).rejects.toThrow(sentence);
    await expect(evaluated).rejects.toThrow(ValidationError);
  });

  it.each<[string, string[], RegExp]>([
    ['no data', ['--task', 'ner'], /--data <file>' not specified/],
    [
      'an unknown task',
      ['--task', 'parse', '--data', 'x'],
      /Allowed choices are ner, qa, pos, labels, pii/,
    ],
    [
      'a limit of nothing',
      ['--task', 'ner', '--data', 'x', '--limit', '0'],
      /whole number of at least 1/,
    ],
  ])('says what is wrong with %s', async (_, args, sentence) => {
    const { code, said } = await runCommand('scripts/eval.ts', args);

    expect(code).toBe(2);
    expect(said).toMatch(sentence);
    expect(said.trimEnd().split('\n')).toHaveLength(1);
  });

  it('ends at Ctrl-C with what was done so far', async () => {
    // Prepare
    const sentence = 'The O\nriver O\nruns O\npast O\nBergen B-LOC\n';
    const data = await put(
      'long.txt',
      Array.from({ length: 50_000 }, (_, n) => `${n} O\n${sentence}`).join('\n'),
    );
    const args = ['--task', 'ner', '--data', data, '--models', tinyModels, '--json'];

    // Act
    const running = startCommand('scripts/eval.ts', args);
    await running.saying(/eval: \d+\/50000 texts/);
    running.interrupt();
    const { code, out, said } = await running.ended;

    // Assess
    expect({ code, out }).toEqual({ code: 130, out: '' });
    expect(said).toMatch(
      /^eval: interrupted: \d+ of 50000 texts were read; nothing was measured$/m,
    );
  });

  it('names a file that is not there', async () => {
    const { code, said } = await evaluate('ner', join(folder.path, 'none.txt'));

    expect(code).toBe(1);
    expect(said).toMatch(/^eval: --data: .*none\.txt.*\n$/);
  });
});

function squadOf(qas: readonly unknown[]): string {
  return JSON.stringify({ data: [{ paragraphs: [{ context: 'It rained.', qas }] }] });
}
