import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngineError } from '#shared/errors.ts';
import {
  type Analysis,
  type AnalyzeOptions,
  createTextEngine,
  type TextEngine,
} from '#shared/nlp/index.ts';
import { manyHeaded, writeTinyModel } from './tiny-model.ts';
import { type WatchedPorts, watchPorts } from './watched-ports.ts';

const ENGLISH = { text: 'Ada visits Rome.', language: 'en' };
const PORTUGUESE = { text: 'Ada visita Rome.', language: 'pt' };

let folder: string;
let engine: TextEngine;
let loads: WatchedPorts['loads'];
/** Keeps models from being loaded, or from failing to be. */
let held: Promise<void> | undefined;
let failure: Error | undefined;
let release: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-load-'));
  await writeTinyModel(folder, [manyHeaded('english', ['en']), manyHeaded('portuguese', ['pt'])]);
  held = failure = undefined;
  const ports = watchPorts(async () => {
    await held;
    if (failure) throw failure;
  });
  loads = ports.loads;
  engine = await createTextEngine({
    modelsDirectory: folder,
    workers: 2,
    openPort: ports.openPort,
  });
  loads.length = 0;
});
afterEach(async () => {
  release?.();
  await engine.close();
  await rm(folder, { recursive: true });
});

function hold(): void {
  held = new Promise((resolve) => {
    release = resolve;
  });
}

/** Until the second model is being loaded. */
const loading = () => vi.waitFor(() => expect(loads).toEqual([1]));

async function read(
  request: Parameters<TextEngine['analyze']>[0][number],
  options?: AnalyzeOptions,
): Promise<Analysis> {
  const [outcome] = await engine.analyze([request], options);
  if (!outcome?.ok) throw outcome?.error;
  return outcome.value;
}

describe('a model that the first text that needs it has loaded', () => {
  it('is loaded once for all that come meanwhile, and keeps no text of another model waiting', async () => {
    hold();
    const waiting = [read(PORTUGUESE), read(PORTUGUESE)];
    await loading();
    waiting.push(read(PORTUGUESE));

    expect((await read(ENGLISH)).entities).toHaveLength(2);
    expect(loads).toEqual([1]);
    release();

    for (const { entities } of await Promise.all(waiting)) expect(entities).toHaveLength(2);
    // By the second worker too, if windows waited for it.
    expect(loads.length).toBeLessThanOrEqual(2);
  });

  it('is waited for no longer than a signal says, and is there for who comes later', async () => {
    hold();
    const controller = new AbortController();
    const reason = new Error('too late');
    const given = read(PORTUGUESE, { signal: controller.signal });
    await loading();

    controller.abort(reason);

    await expect(given).rejects.toBe(reason);
    release();
    expect((await read(PORTUGUESE)).entities).toHaveLength(2);
    expect(loads).toEqual([1]);
  });

  it('is tried once for all that wait where it fails, and again by the next call', async () => {
    hold();
    failure = new Error('no memory');
    const waiting = Array.from({ length: 5 }, () => read(PORTUGUESE));
    await loading();
    release();

    for (const { status, ...rest } of await Promise.allSettled(waiting)) {
      expect(status).toBe('rejected');
      expect(rest).toMatchObject({ reason: expect.any(EngineError) });
    }
    expect(loads).toEqual([1]);
    failure = undefined;
    expect((await read(PORTUGUESE)).entities).toHaveLength(2);
    expect(loads).toEqual([1, 1]);
  });

  it('is not tried again before all of a load has come to its end', async () => {
    const path = join(folder, 'portuguese', 'config.json');
    const config = await readFile(path);
    await appendFile(path, ' ');
    hold();
    const first = read(PORTUGUESE);
    await loading();
    // Long after the sum was found to differ: what was begun on a worker is still held.
    await read(ENGLISH);
    const second = read(PORTUGUESE);
    await read(ENGLISH);

    expect(loads).toEqual([1]);
    release();

    await expect(first).rejects.toThrow(
      /portuguese cannot be loaded: .*config\.json has \d+ bytes/,
    );
    await expect(second).rejects.toBeInstanceOf(EngineError);
    await writeFile(path, config);
    expect((await read(PORTUGUESE)).entities).toHaveLength(2);
  });

  it('is given up by an engine that is closed, which ends with what runs', async () => {
    hold();
    const given = read(PORTUGUESE);
    const failed = expect(given).rejects.toThrow(/closed/);
    await loading();

    const closing = engine.close();
    release();
    await closing;

    await failed;
    await expect(given).rejects.toBeInstanceOf(EngineError);
    await expect(read(PORTUGUESE)).rejects.toBeInstanceOf(EngineError);
  });
});
