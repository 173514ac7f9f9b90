import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PortLostError, type SessionPort } from '#shared/nlp/engine/session-port.ts';
import { openWorkerPort } from '#shared/nlp/engine/worker-port.ts';
import { createTextEngine, type TextEngine } from '#shared/nlp/index.ts';
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
      spansOf(await engine.analyze([{ text: ' ' }, { text: 'Ada', entities: false }])),
    ).toEqual([[], []]);
  });

  it('lets a question without a model fail alone', async () => {
    const outcomes = await engine.analyze([{ text: 'Ada', questions: ['Who?'] }, { text: 'Ada' }]);

    expect(spansOf(outcomes)).toEqual(['failed', ['PER:Ada']]);
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

  it('says what kind of model it cannot run', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'spanstream-kind-'));
    try {
      await writeTinyModel(copy);
      const path = join(copy, 'tiny', 'config.json');
      await writeFile(path, (await readFile(path, 'utf8')).replace('"bert"', '"roberta"'));
      await expect(createTextEngine({ modelsDirectory: copy, workers: 1 })).rejects.toThrow(
        'model_type roberta is not supported',
      );
    } finally {
      await rm(copy, { recursive: true });
    }
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
