import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleBootstrap, bundleFunction } from '#local/lambda/bundle.ts';
import type { FunctionLogLine } from '#local/lambda/invocation.ts';
import {
  type FunctionOptions,
  type LambdaFunction,
  startFunction,
} from '#local/lambda/lambda-function.ts';

const sources = {
  moody: new URL('./functions/moody.ts', import.meta.url),
  broken: new URL('./functions/broken.ts', import.meta.url),
  sleepy: new URL('./functions/sleepy.ts', import.meta.url),
};
const owner = new URL('./functions/owner.ts', import.meta.url);
const running: LambdaFunction[] = [];
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanstream-lambda-'));
  await bundleBootstrap(join(directory, 'bootstrap'));
  await Promise.all(
    Object.entries(sources).map(([name, url]) =>
      bundleFunction({
        name,
        entries: { index: fileURLToPath(url) },
        outdir: join(directory, name),
      }),
    ),
  );
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((lambda) => lambda.close()));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function start(bundleName: string, given: Partial<FunctionOptions> = {}): LambdaFunction {
  const lambda = startFunction({
    name: bundleName,
    bundleDirectory: join(directory, bundleName),
    environment: { GREETING: 'hello' },
    timeoutSeconds: 15,
    memoryMb: 256,
    maximumConcurrency: 1,
    ...given,
  });
  running.push(lambda);
  return lambda;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function startWatched() {
  const lines: string[] = [];
  const lambda = start('moody', { onLog: ({ text }) => lines.push(text) });
  await lambda.invoke({ do: 'report' });
  const [pid = 0] = lambda.pids();
  const begun = (action: string) =>
    vi.waitFor(() => expect(lines).toContain(`begins to ${action}`));
  return { lambda, pid, begun };
}

describe('a function in a process of its own', () => {
  it('answers with a context as on Lambda, and sees only the environment it was given', async () => {
    const lambda = start('moody');

    const invocation = await lambda.invoke({ do: 'report', text: 'é' });

    if (!invocation.ok) throw new Error(invocation.errorMessage);
    expect(invocation.payload).toMatchObject({
      event: { do: 'report', text: 'é' },
      ppid: process.pid,
      requestId: invocation.requestId,
      memory: '256',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:moody',
      greeting: 'hello',
    });
    const { pid, remaining, variables } = invocation.payload as {
      pid: number;
      remaining: number;
      variables: string[];
    };
    expect(lambda.pids()).toEqual([pid]);
    expect(remaining).toBeGreaterThan(1_000);
    expect(remaining).toBeLessThanOrEqual(15_000);
    expect(variables).not.toContain('VITEST');
  });

  it('reports what the handler throws, and goes on in the same process', async () => {
    const lambda = start('moody');

    const thrown = await lambda.invoke({ do: 'throw' });
    const pids = lambda.pids();
    const next = await lambda.invoke({ do: 'report' });

    expect(thrown).toMatchObject({
      ok: false,
      kind: 'error',
      errorType: 'TypeError',
      errorMessage: 'the text is no text',
    });
    expect(next).toMatchObject({ ok: true, payload: { pid: pids[0] } });
  });

  it.each(['hang', 'spin'])('kills a process that does not end: %s', async (action) => {
    const lambda = start('moody', { timeoutSeconds: 1 });
    await lambda.invoke({ do: 'report' });
    const [pid = 0] = lambda.pids();

    const timedOut = await lambda.invoke({ do: action });
    const next = await lambda.invoke({ do: 'report' });

    expect(timedOut).toMatchObject({
      ok: false,
      kind: 'timeout',
      errorType: 'Sandbox.Timedout',
      errorMessage: 'Task timed out after 1.00 seconds',
    });
    expect(next).toMatchObject({ ok: true });
    expect(alive(pid)).toBe(false);
  });

  it.each([
    ['exit', { kind: 'crash', errorType: 'Runtime.ExitError' }],
    [
      'reject-later',
      {
        kind: 'error',
        errorType: 'Runtime.UnhandledPromiseRejection',
        errorMessage: 'nobody waits for this',
      },
    ],
  ])('starts a new process after one died: %s', async (action, failure) => {
    const lambda = start('moody');

    const [died, next] = await Promise.all([
      lambda.invoke({ do: action }),
      lambda.invoke({ do: 'report' }),
    ]);

    expect(died).toMatchObject({ ok: false, ...failure });
    expect(next).toMatchObject({ ok: true });
  });

  it('tells of a process that was killed from outside', async () => {
    const { lambda, pid, begun } = await startWatched();

    const hanging = lambda.invoke({ do: 'hang' });
    await begun('hang');
    process.kill(pid, 'SIGKILL');

    expect(await hanging).toMatchObject({
      ok: false,
      kind: 'crash',
      errorMessage: 'Runtime exited: signal SIGKILL',
    });
    expect(await lambda.invoke({ do: 'report' })).toMatchObject({ ok: true });
  });

  it('takes no answer over 6 MB, and no event', async () => {
    const lambda = start('moody');
    const limit = 6 * 1024 * 1024;

    const most = await lambda.invoke({ do: 'too-much', bytes: limit - 2 });
    const answer = await lambda.invoke({ do: 'too-much', bytes: limit - 1 });
    const event = await lambda.invoke({ do: 'x'.repeat(limit) });

    expect(most.ok).toBe(true);
    expect(answer).toMatchObject({ kind: 'error', errorType: 'Function.ResponseSizeTooLarge' });
    expect(event).toMatchObject({ kind: 'error', errorType: 'RequestEntityTooLargeException' });
  });

  it('tells of a process that ran out of memory, and starts another', async () => {
    const lines: string[] = [];
    const lambda = start('moody', { memoryMb: 64, onLog: ({ text }) => lines.push(text) });

    const died = await lambda.invoke({ do: 'eat-memory' });
    const next = await lambda.invoke({ do: 'report' });

    expect(died).toMatchObject({ ok: false, kind: 'crash', errorType: 'Runtime.ExitError' });
    expect(next).toMatchObject({ ok: true });
    expect(lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 'error',
        requestId: died.requestId,
        errorType: 'Runtime.ExitError',
      }),
    ]);
  });

  it.each([
    ['lines', 1_000, 1],
    ['one line without end', 65_536, 0],
  ])('lets a function write %s, and holds little of it', async (_, bytes, milliseconds) => {
    let most = 0;
    let written = 0;
    const lambda = start('moody', {
      timeoutSeconds: 60,
      logFile: join(directory, 'flood.log'),
      onLog: ({ text }) => {
        most = Math.max(most, text.length);
        written += text.length;
      },
    });
    await lambda.invoke({ do: 'report' });
    const before = process.memoryUsage().rss;

    const flooded = await lambda.invoke({ do: 'flood', bytes, milliseconds });
    await lambda.close();

    expect(flooded).toMatchObject({ ok: true, payload: { flooded: true } });
    expect(most).toBeLessThanOrEqual(512 * 1024);
    expect(written).toBeGreaterThan(60 * 1024 * 1024);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });

  describe('whose runtime is not as it should be', () => {
    const odd = (action: string, given: Partial<FunctionOptions> = {}) => {
      const lines: { errorType: string }[] = [];
      const lambda = start('moody', {
        bootstrap: fileURLToPath(new URL('./functions/odd-runtime.mjs', import.meta.url)),
        environment: { ACTION: action },
        timeoutSeconds: 1,
        onLog: ({ text }) => lines.push(JSON.parse(text)),
        ...given,
      });
      return { lambda, lines };
    };

    it.each([
      ['answer-garbage', { ok: true, payload: '{"batchItemFailures": [' }],
      ['answer-nothing', { ok: true, payload: '' }],
      ['answer-another', { ok: false, kind: 'error', errorType: 'Runtime.NoAnswer' }],
      ['answer-twice', { ok: true, payload: { first: true } }],
      ['ask-elsewhere', { ok: true, payload: null }],
      ['flood-answer', { ok: false, kind: 'error', errorType: 'Function.ResponseSizeTooLarge' }],
    ])('comes to an end with each: %s', async (action, expected) => {
      const { lambda } = odd(action, { timeoutSeconds: 10, initTimeoutSeconds: 5 });

      expect(await lambda.invoke({})).toMatchObject(expected);
      expect(await lambda.invoke({})).toMatchObject(expected);
    });

    it.each([
      ['exit-at-init', 'crash', 'Runtime.ExitError', 10],
      ['hang-at-init', 'timeout', 'Sandbox.Timedout', 0.3],
    ])('tells so in the answer and in the log: %s', async (action, kind, errorType, seconds) => {
      const { lambda, lines } = odd(action, { initTimeoutSeconds: seconds });

      const first = await lambda.invoke({});
      const second = await lambda.invoke({});

      expect(first).toMatchObject({ ok: false, kind, errorType });
      expect(second).toMatchObject({ ok: false, kind, errorType });
      expect(first.requestId).not.toBe(second.requestId);
      expect(lines.length).toBeGreaterThanOrEqual(2);
      expect(new Set(lines.map((line) => line.errorType))).toEqual(new Set([errorType]));
    });
  });

  it('tells why init failed, each time', async () => {
    const lambda = start('broken');

    const outcomes = [await lambda.invoke({}), await lambda.invoke({})];

    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        kind: 'error',
        errorMessage: 'SPANSTREAM_RESULTS_TABLE is required',
      });
    }
  });

  it('gives init a second try with the time-out of the function, and no third', async () => {
    const slow = { initTimeoutSeconds: 0.2, environment: { INIT_MS: '800' } };
    const patient = start('sleepy', { ...slow, timeoutSeconds: 10 });
    const impatient = start('sleepy', { ...slow, timeoutSeconds: 0.3 });

    const outcomes = await Promise.all([patient.invoke({}), impatient.invoke({})]);

    expect(outcomes[0]).toMatchObject({ ok: true, payload: 'awake' });
    expect(outcomes[1]).toMatchObject({
      kind: 'timeout',
      errorMessage: 'Init timed out after 0.30 seconds',
    });
  });

  it('runs as many at a time as allowed, and the rest afterwards', async () => {
    const lambda = start('moody', { maximumConcurrency: 2 });

    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => lambda.invoke({ do: 'wait', milliseconds: 150 })),
    );

    const pids = outcomes.map((outcome) => outcome.ok && (outcome.payload as { pid: number }).pid);
    expect(new Set(pids).size).toBe(2);
    expect(lambda.pids()).toHaveLength(2);
  });

  it('hands on every line that the process writes, and keeps them', async () => {
    const lines: FunctionLogLine[] = [];
    const logFile = join(directory, 'moody.log');
    const lambda = start('moody', { onLog: (line) => lines.push(line), logFile });

    await lambda.invoke({ do: 'log' });
    await vi.waitFor(() => expect(lines).toHaveLength(4));
    await lambda.close();

    const texts = lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text);
    expect(texts).toEqual(['begins to log', 'one line', 'and another']);
    expect(lines.find(({ stream }) => stream === 'stderr')?.text).toBe('a complaint');
    expect(await readFile(logFile, 'utf8')).toContain('and another\n');
  });

  it('ends its processes on closing, and takes no more', async () => {
    const { lambda, pid, begun } = await startWatched();
    const hanging = lambda.invoke({ do: 'spin' });
    await begun('spin');

    await lambda.close();

    expect(await hanging).toMatchObject({ kind: 'crash' });
    expect(alive(pid)).toBe(false);
    await expect(lambda.invoke({})).rejects.toThrow('function moody is closed');
  });

  it.each(['hang', 'spin'])(
    'leaves no process behind when its owner is killed: %s',
    async (action) => {
      const stack = spawn(
        process.execPath,
        ['--import', 'tsx', fileURLToPath(owner), join(directory, 'moody'), action],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [line] = await once(createInterface({ input: stack.stdout }), 'line');
      const pids: number[] = JSON.parse(line);
      expect(pids).toHaveLength(2);
      expect(pids.every(alive)).toBe(true);

      stack.kill('SIGKILL');

      await vi.waitFor(() => expect(pids.filter(alive)).toEqual([]), { timeout: 5_000 });
    },
  );

  it('leaves no process behind when its owner is killed while it loads', async () => {
    const stack = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(owner), join(directory, 'sleepy'), 'load', '2000'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = await once(createInterface({ input: stack.stdout }), 'line');
    const [pid = 0]: number[] = JSON.parse(line);
    expect(alive(pid)).toBe(true);

    stack.kill('SIGKILL');

    await vi.waitFor(() => expect(alive(pid)).toBe(false), { timeout: 10_000 });
  });
});
