import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError, ModelError } from '#shared/errors.ts';
import {
  type Analysis,
  type AnalysisRequest,
  createTextEngine,
  type TextEngine,
  type TextEngineOptions,
} from '#shared/nlp/index.ts';
import { manyHeaded, writeTinyModel } from './tiny-model.ts';
import { type WatchedPorts, watchPorts } from './watched-ports.ts';

const TEXT = 'Ada visits Rome.';

let folder: string;
let engine: TextEngine | undefined;
let loads: WatchedPorts['loads'];
let runs: WatchedPorts['runs'];
let openPort: WatchedPorts['openPort'];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-heads-'));
  ({ loads, runs, openPort } = watchPorts());
});
afterEach(async () => {
  await engine?.close();
  engine = undefined;
  await rm(folder, { recursive: true });
});

async function open(
  models: Parameters<typeof writeTinyModel>[1],
  options: Partial<TextEngineOptions> = {},
): Promise<TextEngine> {
  await writeTinyModel(folder, models);
  engine = await createTextEngine({
    modelsDirectory: folder,
    workers: 1,
    openPort,
    ...options,
  });
  return engine;
}

async function read(...requests: AnalysisRequest[]): Promise<Analysis[]> {
  const outcomes = (await engine?.analyze(requests)) ?? [];
  return outcomes.map((outcome) => {
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  });
}

const all = {
  tasks: ['entities', 'tags', 'labels', 'answers'],
  questions: ['Who visits?'],
} as const;

/** Takes every text that holds `visita` for Portuguese, and `king` for a language that cannot be told. */
const detectLanguage = (text: string) => ({
  language: text.includes('visita') ? 'pt' : 'en',
  reliable: !text.includes('King'),
});

describe('heads of one graph', () => {
  it('read one pass over a text', async () => {
    await open([manyHeaded('many', ['*'])]);

    const [found] = await read({ text: TEXT, tasks: ['entities', 'tags', 'labels'] });

    expect(runs).toEqual([{ model: 0, outputs: expect.any(Array), rows: 1 }]);
    expect(runs[0]?.outputs.toSorted()).toEqual(['logits', 'mood_logits', 'tag_logits']);
    expect(found).toMatchObject({
      entities: [
        { type: 'PER', text: 'Ada' },
        { type: 'LOC', text: 'Rome' },
      ],
      tags: [
        { tag: 'PROPN', start: 0, end: 3 },
        { tag: 'VERB', start: 4, end: 10 },
        { tag: 'PROPN', start: 11, end: 15 },
        { tag: 'PUNCT', start: 15, end: 16 },
      ],
      labels: [{ task: 'mood', label: 'glad' }],
      answers: [],
      unserved: [],
      windows: 1,
      tokens: 4,
    });
  });

  it('have only what is read of them given', async () => {
    await open([manyHeaded('many', ['*'])]);

    await read({ text: TEXT, tasks: ['labels'] });

    expect(runs.map(({ outputs }) => outputs)).toEqual([['mood_logits']]);
  });

  it.each([true, undefined])(
    'of labels run unasked unless they are for requests alone: %s',
    async (onRequest) => {
      const model = manyHeaded('many', ['*']);
      const heads = (model.entry.heads as { task: string }[]).map((head) =>
        head.task === 'labels' ? { ...head, onRequest } : head,
      );
      await open([{ ...model, entry: { ...model.entry, heads } }]);

      const found = await read({ text: TEXT }, { text: TEXT, also: ['labels'] });

      const unasked = onRequest ? [] : [{ label: 'glad' }];
      expect(found[0]).toMatchObject({ labels: unasked, unserved: [] });
      expect(found[1]).toMatchObject({ entities: [{}, {}], labels: [{ label: 'glad' }] });
    },
  );

  it('for requests alone have their model loaded by the first text that asks, wherever it stands', async () => {
    const { entry, outputs } = manyHeaded('asked', ['*']);
    const heads = (entry.heads as { task: string }[])
      .filter(({ task }) => task === 'labels')
      .map((head) => ({ ...head, name: 'other', onRequest: true }));
    await open([{ entry: { ...entry, heads }, outputs }, manyHeaded('usual', ['*'])]);
    expect(loads).toEqual([1]);

    const request = { text: TEXT, also: ['labels'] } as const;
    const found = await read({ text: TEXT }, { text: TEXT, language: 'de', tasks: [] });
    expect(loads).toEqual([1]);
    const [labelled] = await read(request);

    expect(found).toMatchObject([{ labels: [{ task: 'mood' }], tokens: 4 }, { tokens: 4 }]);
    expect(loads).toEqual([1, 0]);
    expect(labelled?.labels.map(({ task }) => task)).toEqual(['other', 'mood']);
  });

  it('give a word the tag of its first token', async () => {
    await open([manyHeaded('many', ['*'])]);

    const [found] = await read({ text: 'Adabel', tasks: ['tags'] });

    expect(found?.tags).toMatchObject([{ tag: 'PROPN', start: 0, end: 6 }]);
  });

  it('are asked for the same text together, whichever requests ask them', async () => {
    await open([manyHeaded('many', ['*'])]);

    const found = await read(
      { text: TEXT, tasks: ['entities'] },
      { text: TEXT, tasks: ['tags'] },
      { text: TEXT, ...all },
    );

    expect(runs.reduce((sum, { rows }) => sum + rows, 0)).toBe(2);
    expect(found.map(({ entities, tags }) => [entities.length, tags.length])).toEqual([
      [2, 0],
      [0, 4],
      [2, 4],
    ]);
    expect(found[2]?.answers).toMatchObject([{ text: 'Ada' }]);
  });

  it('give a mixed batch what each text is given alone', async () => {
    await open([manyHeaded('many', ['*'])]);
    const requests: AnalysisRequest[] = [
      { text: TEXT, tasks: ['tags'] },
      { text: 'Rome. '.repeat(30), ...all },
      { text: 'Ada King.', tasks: ['labels', 'entities'], topK: 2 },
      { text: ' ', ...all },
      { text: TEXT },
    ];

    const together = await read(...requests);

    for (const [index, request] of requests.entries()) {
      expect(together[index]).toEqual((await read(request))[0]);
    }
    expect(together[4]).toMatchObject({ tags: [], labels: [{ label: 'glad' }] });
  });

  it.each([
    [{ task: 'tags', output: 'nothing' }, /has no output nothing, which tags reads; it has logits/],
    [
      { task: 'labels', output: 'mood_logits' },
      /4 labels for labels, .* mood_logits has 2 columns/,
    ],
    [{ task: 'entities', labels: ['O', 'X'] }, /2 labels for entities, .* logits has 4 columns/],
    [{ task: 'answers', output: 'start_logits' }, /answers reads start_logits and end_logits/],
    [{ task: 'labels', settings: { thresholds: { sad: 1 } } }, /no label sad/],
    [{ task: 'labels' }, /labels reads an output of texts x labels, .* logits has 3 dimensions/],
    [
      { task: 'entities', output: 'mood_logits', labels: ['O', 'B-X'] },
      /entities reads an output of texts x tokens x labels, .* mood_logits has 2 dimensions/,
    ],
    [{ task: 'answers', output: ['logits', 'end_logits'] }, /the graph's logits has 3 dimensions/],
    [{ task: 'entities', labels: [] }, /heads\.0\.labels/],
  ])('that do not fit the graph are refused: %j', async (head, message) => {
    const { entry, outputs } = manyHeaded('many', ['*']);
    const made = open([{ entry: { ...entry, heads: [head] }, outputs }]);

    await expect(made).rejects.toBeInstanceOf(ModelError);
    await expect(made).rejects.toThrow(message);
  });
});

describe('languages', () => {
  const both = [manyHeaded('english', ['en']), manyHeaded('portuguese', ['pt'])];

  it('lead each text of a batch to the model that serves them', async () => {
    await open(both, { detectLanguage });

    const found = await read({ text: TEXT }, { text: 'Ada visita Rome.' }, { text: 'Ada King.' });

    expect(found.map(({ language }) => language)).toEqual(['en', 'pt', 'und']);
    expect(found.map(({ entities }) => entities.length)).toEqual([2, 2, 1]);
    // Both models in one job; what cannot be told is read in the default language.
    expect(new Set(runs.map(({ model }) => model))).toEqual(new Set([0, 1]));
    expect(runs.filter(({ model }) => model === 0).reduce((sum, { rows }) => sum + rows, 0)).toBe(
      2,
    );
  });

  it('are the request’s where it names one', async () => {
    await open(both, { detectLanguage });

    const [found] = await read({ text: TEXT, language: 'pt-BR' });

    expect(found?.language).toBe('pt');
    expect(runs.map(({ model }) => model)).toEqual([1]);
  });

  it.each([
    ['eng', 'en', 'english'],
    ['EN-us', 'en', 'english'],
    ['nb-NO', 'nb', 'norwegian'],
    ['nor', 'no', 'norwegian'],
    ['iw', 'he', 'hebrew'],
    ['he', 'he', 'hebrew'],
  ])('are known by any of their tags: %s', async (tag, language, model) => {
    const named = { english: 'eng', norwegian: 'no', hebrew: 'iw' };
    const models = Object.entries(named).map(([name, own]) => manyHeaded(name, [own]));
    await open(models, { detectLanguage });

    const [found] = await read({ text: TEXT, language: tag });

    expect(found).toMatchObject({ language, unserved: [] });
    expect(runs.map((run) => models[run.model]?.entry.name)).toEqual([model]);
  });

  it('are served by heads of their own where the manifest says so', async () => {
    const { entry, outputs } = manyHeaded('many', ['en', 'pt']);
    const heads = (entry.heads as { task: string }[]).map((head) =>
      head.task === 'tags' ? { ...head, languages: ['por'] } : head,
    );
    await open([{ entry: { ...entry, heads }, outputs }, manyHeaded('late', ['en', 'pt'])]);

    const [english] = await read({ text: TEXT, language: 'en', tasks: ['tags', 'entities'] });
    const byEnglish = runs.splice(0).map(({ model, outputs: read }) => [model, ...read]);
    const [portuguese] = await read({ text: TEXT, language: 'pt', tasks: ['tags', 'entities'] });

    expect(english?.tags).toEqual(portuguese?.tags);
    // English tags are the second model's, all else the first's.
    expect(byEnglish.toSorted()).toEqual([
      [0, 'logits'],
      [1, 'tag_logits'],
    ]);
    expect(runs.map(({ model, outputs: read }) => [model, ...read.toSorted()])).toEqual([
      [0, 'logits', 'tag_logits'],
    ]);
  });

  it('are detected where a head is not for all of them, though its model is', async () => {
    const { entry, outputs } = manyHeaded('any', ['*']);
    const heads = (entry.heads as { task: string }[]).map((head) =>
      head.task === 'tags' ? { ...head, languages: ['pt'] } : head,
    );
    await open([{ entry: { ...entry, heads }, outputs }]);
    const text = 'O presidente visitou a cidade e falou com todos os moradores sobre o futuro.';

    const [found] = await read({ text, tasks: ['tags'] });

    expect(found).toMatchObject({ language: 'pt', unserved: [] });
    expect(found?.tags).not.toEqual([]);
  });

  it('but the default one have their models loaded by the first text that needs them', async () => {
    await open(both, { detectLanguage });
    expect(loads).toEqual([0]);

    const requests = [{ text: TEXT }, { text: 'Ada visita Rome.' }];
    await Promise.all([read(...requests), read(...requests)]);
    expect(loads).toEqual([0, 1]);
  });

  it('are the engine’s fault where their model cannot be loaded, until it can', async () => {
    await open(both, { detectLanguage });
    const graph = join(folder, 'portuguese', 'onnx', 'model.onnx');
    await rename(graph, `${graph}.away`);
    const request = { text: 'Ada visita Rome.' };

    const failed = read({ text: TEXT }, request);
    await expect(failed).rejects.toBeInstanceOf(EngineError);
    await expect(failed).rejects.toThrow(/portuguese cannot be loaded: .*model\.onnx/);

    await rename(`${graph}.away`, graph);
    expect((await read(request))[0]?.entities).toHaveLength(2);
  });

  it('have the first model loaded at the start where none is the default one', async () => {
    await open([manyHeaded('portuguese', ['pt']), manyHeaded('danish', ['da'])]);

    expect(loads).toEqual([0]);
  });

  it('have further models of the default one loaded by the first text that asks for their tasks', async () => {
    const [names, words] = (['entities', 'tags'] as const).map((task) => {
      const { entry, outputs } = manyHeaded(`for-${task}`, ['en']);
      const heads = (entry.heads as { task: string }[]).filter((head) => head.task === task);
      return { entry: { ...entry, heads }, outputs };
    });
    if (!names || !words) throw new Error('there are two models');
    await open([names, words]);
    await read({ text: TEXT, tasks: ['entities'] });
    expect(loads).toEqual([0]);

    const [found] = await read({ text: TEXT, tasks: ['tags'] });

    expect(found?.tags).not.toEqual([]);
    expect(loads).toEqual([0, 1]);
  });

  it('that no model serves leave a text without spans, and are told', async () => {
    await open(both, { detectLanguage });

    const [found, labelled] = await read(
      { text: TEXT, language: 'de', questions: ['Who?'] },
      { text: TEXT, language: 'de', tasks: ['labels'] },
    );

    expect(found).toMatchObject({ language: 'de', entities: [], answers: [], labels: [] });
    expect(found?.unserved).toEqual(['entities', 'answers']);
    expect(found?.tokens).toBe(4);
    expect(labelled?.unserved).toEqual(['labels']);
    expect(runs).toEqual([]);
  });

  it.each(['pt', 'pt-BR', 'por'])(
    'fall back on the default where they cannot be told: %s',
    async (tag) => {
      await open(both, { detectLanguage, defaultLanguage: tag });

      const [found] = await read({ text: 'Ada King.' });

      expect(found?.language).toBe('und');
      expect(runs.map(({ model }) => model)).toEqual([1]);
    },
  );

  it('use the first model that serves them, and load no model that others leave nothing to do', async () => {
    const any = manyHeaded('any', ['*']);
    const opened = await open([
      manyHeaded('english', ['en']),
      any,
      manyHeaded('late', ['en', 'pt']),
    ]);

    await read({ text: TEXT, language: 'en' }, { text: TEXT, language: 'fr' });

    expect(opened.models.map(({ name, languages }) => [name, languages])).toEqual([
      ['english', ['en']],
      ['any', ['*']],
    ]);
    expect(runs.map(({ model }) => model).toSorted()).toEqual([0, 1]);
  });

  it('are told of with the labels of each head that is used, and with the figures of the manifest', async () => {
    const figures = [{ task: 'tags', data: 'EWT test', metric: 'right', value: 96.6 }] as const;
    const many = manyHeaded('many', ['en']);
    const plain = await open([many]);
    const version = plain.pipelineVersion;
    await engine?.close();

    const { models, pipelineVersion } = await open([
      { ...many, entry: { ...many.entry, figures } },
    ]);

    expect(plain.models[0]?.figures).toEqual([]);
    expect(models[0]?.figures).toEqual(figures);
    expect(pipelineVersion).toBe(version);
    const heads = models[0]?.heads ?? [];
    expect(heads.map(({ task, name }) => [task, name])).toEqual([
      ['entities', 'many'],
      ['tags', 'many'],
      ['labels', 'mood'],
      ['answers', 'many'],
    ]);
    expect(heads[1]?.labels).toEqual(['NOUN', 'PROPN', 'PUNCT', 'VERB']);
    expect(heads[3]?.labels).toEqual([]);
  });

  it('change the pipeline version, as heads do', async () => {
    const versions = new Set<string>();
    for (const models of [both, both.slice(0, 1), [manyHeaded('english', ['en', 'de'])]]) {
      versions.add((await open(models)).pipelineVersion);
      await engine?.close();
    }

    expect(versions.size).toBe(3);
  });
});

describe('personal data', () => {
  const mail = { kind: 'EMAIL', text: 'ada@example.org' };

  it('of a long text is looked for in turns, so that the call can be given up', async () => {
    // In a language without a model nothing is run: the turns are those of the rules, but for one of reading the text.
    await open([manyHeaded('many', ['en'])]);
    const text = `Call 020 7946 0958 or 4111 1111 1111 1111. `.repeat(2_000);
    const controller = new AbortController();
    let turns = 0;
    let wanted = Number.POSITIVE_INFINITY;
    const count = () => {
      turns += 1;
      if (turns === wanted) controller.abort(new Error('given up'));
      else if (!controller.signal.aborted) setImmediate(count);
    };
    const asked = [{ text, tasks: ['pii'], language: 'de' }] as const;
    // Loads the rules, which takes turns of its own.
    await engine?.analyze(asked);
    setImmediate(count);

    await engine?.analyze(asked);
    const all = turns;
    [turns, wanted] = [0, Math.floor(all / 2)];
    const givenUp = engine?.analyze(asked, { signal: controller.signal });

    expect(all).toBeGreaterThan(20);
    await expect(givenUp).rejects.toThrow('given up');
  });

  it('is found by rules, and among the entities of the same pass', async () => {
    await open([manyHeaded('many', ['*'])]);
    const text = 'Ada visits Rome. ada@example.org';

    const [alone, beside] = await read(
      { text, tasks: ['pii'] },
      { text, tasks: ['entities', 'pii'] },
    );

    expect(alone).toMatchObject({ entities: [], unserved: [] });
    expect(alone?.pii).toMatchObject([{ kind: 'PERSON', text: 'Ada' }, { kind: 'LOCATION' }, mail]);
    expect(beside?.pii).toEqual(alone?.pii);
    expect(beside?.entities.map(({ text }) => text)).toEqual(expect.arrayContaining(['Ada']));
    expect(runs).toHaveLength(1);
  });

  it('is found by rules alone where no model serves the language, and not at all where it was left out', async () => {
    await open([manyHeaded('english', ['en'])]);
    const request: AnalysisRequest = { text: 'ada@example.org', language: 'de', tasks: ['pii'] };
    const [found] = await read(request);
    await engine?.close();
    await open([manyHeaded('english', ['en'])], { tasks: ['entities'] });
    const [none] = await read(request);

    expect(found).toMatchObject({ pii: [mail], unserved: [] });
    expect(none).toMatchObject({ pii: [], unserved: ['pii'] });
    expect(runs).toEqual([]);
  });
});

describe('the models of an engine', () => {
  it('are those that were named, in their order', async () => {
    const opened = await open([manyHeaded('one', ['*']), manyHeaded('two', ['*'])], {
      models: ['two', 'one'],
    });

    expect(opened.models.map(({ name }) => name)).toEqual(['two']);
  });

  it('are those that serve the tasks that were named', async () => {
    const { entry, outputs } = manyHeaded('tags', ['*']);
    const tags = {
      ...entry,
      heads: [{ task: 'tags', output: 'tag_logits', labels: ['NOUN', 'PROPN', 'PUNCT', 'VERB'] }],
    };
    const opened = await open([{ entry: tags, outputs }, manyHeaded('many', ['*'])], {
      tasks: ['tags'],
    });

    expect(opened.models.map(({ name, tasks }) => [name, tasks])).toEqual([['tags', ['tags']]]);
    await expect(
      createTextEngine({
        modelsDirectory: folder,
        models: ['tags'],
        tasks: ['answers'],
        workers: 1,
      }),
    ).rejects.toThrow('tags is for tags, not for answers');
  });
});
