import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { makeFolder, tinyModels } from './support/folders.ts';

const command = fileURLToPath(new URL('../soak/soak.ts', import.meta.url));

describe('a soak run', () => {
  const running: ChildProcess[] = [];
  let temporary: Awaited<ReturnType<typeof makeFolder>>;
  beforeAll(async () => {
    temporary = await makeFolder();
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });
  afterAll(() => temporary?.remove());

  const start = (flags: readonly string[]) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', command, '--models', tinyModels, '--json', ...flags],
      // A group of its own gets what a terminal sends to all of one.
      { detached: true, env: { ...process.env, TMPDIR: temporary.path } },
    );
    running.push(child);
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      said.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said.err += chunk;
    });
    return { child, said, ended: once(child, 'close') };
  };
  // What runs the TypeScript keeps a cache beside them.
  const foldersLeft = async () =>
    (await readdir(temporary.path)).filter((name) => name.startsWith('spanstream-'));
  const summaryOf = (out: string) => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');

  it('ends with balanced books, the memory of every process and the lag', async () => {
    // Act: over a thousand records, so that the first text of 100 KB is one of them
    const { said, ended } = start(['--minutes', '0.15', '--rate', '130']);
    const [code] = await ended;

    // Assess
    const summary = summaryOf(said.out);
    expect({ code, failures: summary.failures }).toEqual({ code: 0, failures: [] });
    expect(summary).toMatchObject({ put: 1170, stored: 1170, lost: 0, doubled: 0 });
    expect(Object.keys(summary.memory)).toEqual(['stack', 'inference', 'metrics', 'http']);
    for (const { warmMb, endMb } of Object.values<Record<string, number>>(summary.memory)) {
      expect(Math.min(warmMb ?? 0, endMb ?? 0)).toBeGreaterThan(20);
    }
    expect(summary.lagMs.last.max).toBeGreaterThan(0);
    expect(said.out).toContain('The rule holds.');
    expect(await foldersLeft()).toEqual([]);
  });

  it('reports on Ctrl-C what was seen so far, and leaves nothing behind', async () => {
    // Prepare
    const { child, said, ended } = start(['--minutes', '60', '--rate', '30']);
    await waitFor(async () => said.err.includes('| put '), {
      what: 'the first sample',
      timeoutMs: 60_000,
    });
    const [stack] = await foldersLeft();
    const holder = await readFile(`${temporary.path}/${stack}/stack.pid`, 'utf8');

    // Act
    process.kill(-(child.pid ?? 0), 'SIGINT');
    const [code] = await ended;

    // Assess
    const summary = summaryOf(said.out);
    expect({ code, failures: summary.failures }).toEqual({ code: 0, failures: [] });
    expect(summary).toMatchObject({ interrupted: true, lost: 0, doubled: 0 });
    expect(summary.stored).toBe(summary.put);
    expect(said.out).toMatch(/Interrupted after \d+ s/);
    expect(await foldersLeft()).toEqual([]);
    expect(isAlive(Number(holder))).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
