import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelError, SpanstreamError } from '#shared/errors.ts';
import { PortLostError, type SessionPort } from '#shared/nlp/engine/session-port.ts';
import { openWorkerPort } from '#shared/nlp/engine/worker-port.ts';
import { type AnalysisRequest, createTextEngine, type TextEngine } from '#shared/nlp/index.ts';
import { shapes } from '#test/fuzz/shapes.ts';
import { describeTextEngine } from './engine-contract.ts';
import { writeTinyModel } from './tiny-model.ts';

let folder: string;
let engine: TextEngine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-engine-'));
  await writeTinyModel(folder);
  engine = await createTextEngine({ modelsDirectory: folder, workers: 2, tokenBudget: 64 });
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

const spansOf = (outcomes: Awaited<ReturnType<TextEngine['analyze']>>) =>
  outcomes.map((outcome) =>
    outcome.ok ? outcome.value.entities.map(({ type, text }) => `${type}:${text}`) : 'failed',
  );

describe('createTextEngine', () => {
  it('finds entities as exact slices of each text, in the order of the requests', async () => {
    const texts = ['Rome.', 'Adabel King visits Rome.', '😀 Ada'];

    const outcomes = await engine.analyze(texts.map((text) => ({ text })));

    expect(spansOf(outcomes)).toEqual([['LOC:Rome'], ['PER:Adabel King', 'LOC:Rome'], ['PER:Ada']]);
    outcomes.forEach((outcome, index) => {
      if (!outcome.ok) throw outcome.error;
      for (const { text, start, end } of outcome.value.entities) {
        expect(texts[index]?.slice(start, end)).toBe(text);
      }
    });
  });

  it('reads a long text whole, in windows', async () => {
    const text = 'Ada visits Rome. '.repeat(50);

    const [outcome] = await engine.analyze([{ text }]);

    if (!outcome?.ok) throw outcome?.error;
    expect(outcome.value.entities).toHaveLength(100);
    expect(outcome.value.tokens).toBe(200);
    expect(outcome.value.windows).toBeGreaterThan(14);
  });

  it('gives a text the same alone and among others', async () => {
    const text = 'Adabel King visits Rome.';
    const others = Array.from({ length: 199 }, (_, index) => ({
      text: 'Rome. '.repeat(index % 9),
    }));

    const [alone] = await engine.analyze([{ text }]);
    const among = await engine.analyze([...others, { text }]);

    expect(among.at(-1)).toEqual(alone);
  });

  it('analyzes nothing, and texts without tokens', async () => {
    expect(await engine.analyze([])).toEqual([]);
    expect(
      spansOf(await engine.analyze([{ text: ' ' }, { text: 'Ada', tasks: ['tags'] }])),
    ).toEqual([[], []]);
  });

  it('says which tasks no model serves', async () => {
    const outcomes = await engine.analyze([
      { text: 'Ada', questions: ['Who?'] },
      { text: 'Ada', tasks: ['labels', 'entities', 'tags'] },
      { text: 'Ada' },
    ]);

    expect(spansOf(outcomes)).toEqual([['PER:Ada'], ['PER:Ada'], ['PER:Ada']]);
    expect(outcomes.map((outcome) => outcome.ok && outcome.value.unserved)).toEqual([
      ['answers'],
      ['labels', 'tags'],
      [],
    ]);
  });

  it('keeps its version while the models are the same, and changes it with the decoding', async () => {
    const same = await createTextEngine({ modelsDirectory: folder, workers: 1 });
    const other = await createTextEngine({
      modelsDirectory: folder,
      workers: 1,
      aggregation: 'max',
    });
    await Promise.all([same.close(), other.close()]);

    expect(same.pipelineVersion).toBe(engine.pipelineVersion);
    expect(other.pipelineVersion).not.toBe(engine.pipelineVersion);
    expect(engine.pipelineVersion).toMatch(/^[0-9a-f]{12}$/);
  });

  it('names the file that was altered, and the one that is missing', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'spanstream-altered-'));
    try {
      await writeTinyModel(copy);
      await appendFile(join(copy, 'tiny', 'config.json'), ' ');
      await expect(createTextEngine({ modelsDirectory: copy, workers: 1 })).rejects.toThrow(
        /config\.json has \d+ bytes, but the manifest says/,
      );
      await rm(join(copy, 'tiny', 'tokenizer.json'));
      await expect(createTextEngine({ modelsDirectory: copy, workers: 1 })).rejects.toThrow(
        /tokenizer\.json is missing/,
      );
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['config.json', (text) => text.replace('"bert"', '"gpt2"'), /model_type gpt2 is not/],
    ['config.json', (text) => text.replace(/:16/, ':"16"'), /config\.json: max_position_embed/],
    ['config.json', (text) => text.replace('"B-PER"', '7'), /config\.json: id2label\.1: /],
    ['config.json', () => '[]', /config\.json: \(file\): /],
    ['config.json', () => '', /config\.json is not JSON/],
    ['tokenizer.json', (text) => text.slice(0, 900), /tokenizer\.json is not JSON/],
    [
      'tokenizer.json',
      (text) => text.replace('"ada":4', '"ada":1e9'),
      /tiny.*tokenizer\.json.*"ada"/,
    ],
    ['tokenizer.json', (text) => text.replace('"ids":[2]', '"ids":[-2]'), /tokenizer\.json: post_/],
    ['onnx/model.onnx', (text) => text.slice(0, 40), /model\.onnx/],
  ])('names what is wrong in %s', async (name, change, message) => {
    const copy = await mkdtemp(join(tmpdir(), 'spanstream-malformed-'));
    try {
      await writeTinyModel(copy);
      await rm(join(copy, 'manifest.json'));
      const path = join(copy, 'tiny', name);
      await writeFile(path, change(await readFile(path, 'latin1')), 'latin1');
      const made = createTextEngine({ modelsDirectory: copy, models: ['tiny'], workers: 1 });
      await expect(made).rejects.toBeInstanceOf(ModelError);
      await expect(made).rejects.toThrow(message);
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  it.each([
    [{ workers: 0 }, 'options.workers: '],
    [{ workers: 1.5 }, 'options.workers: '],
    [{ tokenBudget: 0 }, 'options.tokenBudget: '],
    [{ overlap: -1 }, 'options.overlap: '],
    [{ nullThreshold: Number.NaN }, 'options.nullThreshold: '],
    [{ aggregation: 'mean' as 'max' }, 'options.aggregation: '],
    [{ modelsDirectory: '' }, 'options.modelsDirectory: '],
    [{ threads: 2 }, 'threads'],
    [{ overlap: 14 }, 'overlap is 14, but a window holds 14 tokens'],
  ])('refuses %j', async (wrong, message) => {
    const made = createTextEngine({ modelsDirectory: folder, workers: 1, ...wrong });

    await expect(made).rejects.toBeInstanceOf(SpanstreamError);
    await expect(made).rejects.toThrow(message);
  });

  it('charges a request that is none to itself', async () => {
    const odd = [
      null,
      {},
      { text: 7 },
      { text: 'Ada', topK: 0 },
      { text: 'Ada', questions: 'Who?' },
      { text: 'Ada', tasks: ['summary'] },
      { text: 'Ada', language: 'not a tag' },
    ];

    const outcomes = await engine.analyze([...odd, { text: 'Ada' }] as AnalysisRequest[]);

    expect(spansOf(outcomes)).toEqual([...odd.map(() => 'failed'), ['PER:Ada']]);
  });

  it('reads texts of any shape', async () => {
    const outcomes = await engine.analyze(
      Object.values(shapes).map((make) => ({ text: make(2_000) })),
    );

    expect(outcomes.every(({ ok }) => ok)).toBe(true);
  });
});

describe('both tasks of the engine', () => {
  let both: TextEngine;
  beforeAll(async () => {
    both = await createTextEngine({ modelsDirectory: 'fixtures/tiny-model', workers: 2 });
  });
  afterAll(() => both.close());

  it('answer questions of any shape about texts of any shape', async () => {
    const made = Object.values(shapes);
    const questions = made.slice(0, 8).map((make) => make(512));
    const requests = made.map((make) => ({ text: make(60), questions: [make(512)] }));

    const outcomes = await both.analyze([...requests, { text: '\u0301', questions }]);

    for (const outcome of outcomes) {
      if (!outcome.ok) throw outcome.error;
      for (const { score } of [...outcome.value.entities, ...outcome.value.answers]) {
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
      }
    }
  });

  it('let a deadline fire while much is tokenized and decoded', async () => {
    const texts = Array.from({ length: 30 }, (_, index) => ({
      text: `${index} ${'?! '.repeat(30_000)}`,
      questions: ['Who?', 'Where?'],
    }));
    const controller = new AbortController();
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (turns === 20) controller.abort(new Error('late'));
      else setImmediate(turn);
    };
    turn();

    await expect(both.analyze(texts, { signal: controller.signal })).rejects.toThrow('late');
    expect(turns).toBe(20);
  });
});

/** Ids of `king`, which the double of a port cannot run. */
const BAD_TOKEN = 6;

describeTextEngine('the engine', async () => {
  let healthy = true;
  let held: Promise<void> | undefined;
  const sick = (): void => {
    if (!healthy) throw new PortLostError('killed');
  };
  const openPort = (): SessionPort => {
    const port = openWorkerPort(
      new URL('../../../shared/nlp/worker-development.mjs', import.meta.url),
    );
    return {
      async load(model, graphs) {
        sick();
        return port.load(model, graphs);
      },
      async run(model, batch) {
        sick();
        if (batch.ids.includes(BAD_TOKEN)) throw new Error('cannot run this');
        await held;
        return port.run(model, batch);
      },
      close: () => port.close(),
    };
  };
  return {
    engine: await createTextEngine({ modelsDirectory: folder, workers: 2, openPort }),
    badText: 'Ada King.',
    hold() {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    sicken() {
      healthy = false;
      return () => {
        healthy = true;
      };
    },
  };
});
