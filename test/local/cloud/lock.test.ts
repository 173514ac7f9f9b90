import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDirectory } from '#local/cloud/lock.ts';

const STARTERS = 4;
const ROUNDS = 20;

describe('the lock of a folder', () => {
  let base = '';
  const starters: ChildProcess[] = [];
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'spanstream-lock-'));
  });
  afterEach(async () => {
    for (const starter of starters.splice(0)) starter.kill('SIGKILL');
    await rm(base, { recursive: true, force: true });
  });

  const startStarter = async () => {
    const path = fileURLToPath(new URL('./lock-process.ts', import.meta.url));
    const starter = fork(path, { execArgv: ['--import', 'tsx'] });
    starters.push(starter);
    await once(starter, 'message');
    return starter;
  };
  const answerOf = async (starter: ChildProcess, directory: string, at: number) => {
    const answer = once(starter, 'message');
    starter.send({ directory, at });
    return String((await answer)[0]);
  };
  const killed = async (holder: ChildProcess) => {
    const gone = once(holder, 'exit');
    holder.kill('SIGKILL');
    await gone;
  };

  it('is had by one of several that start at the same instant, be the folder new or left by a killed one', async () => {
    // Prepare
    const racing = await Promise.all(Array.from({ length: STARTERS }, startStarter));
    const holder = await startStarter();
    const left = join(base, 'left');
    await answerOf(holder, left, 0);
    await killed(holder);

    // Act
    const winners: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const directory = join(base, `round-${round}`);
      if (round % 2 === 1) await cp(left, directory, { recursive: true });
      const at = Date.now() + 20;
      const answers = await Promise.all(racing.map((one) => answerOf(one, directory, at)));
      winners.push(answers.filter((answer) => answer === 'locked').length);
    }

    // Assess
    expect(winners).toEqual(Array.from({ length: ROUNDS }, () => 1));
  });

  it('names the process that holds it, which may be this one, and can be had again once given back', async () => {
    // Act
    const release = await lockDirectory(base);
    const refusal = await lockDirectory(base).catch((error: Error) => error.message);
    await release();
    const again = await lockDirectory(base);
    await again();

    // Assess
    expect(refusal).toBe(`${base} is in use by a stack that runs as process ${process.pid}`);
    expect(await readdir(base)).not.toContain('stack.pid');
  });

  it('is taken over from a killed process, whatever program has its id since', async () => {
    // Prepare
    const other = await startStarter();
    const holder = await startStarter();
    await answerOf(holder, base, 0);

    // Act
    await killed(holder);
    await writeFile(join(base, 'stack.pid'), `${other.pid}`);
    const release = await lockDirectory(base);

    // Assess
    expect(await readFile(join(base, 'stack.pid'), 'utf8')).toBe(`${process.pid}`);
    await release();
  });

  it('is kept by a holder that runs, whatever else is asked of its id', async () => {
    // Prepare
    const holder = await startStarter();
    await answerOf(holder, base, 0);

    // Act
    const refusals = await Promise.all(
      Array.from({ length: 5 }, () => lockDirectory(base).catch((error: Error) => error.message)),
    );

    // Assess
    expect(new Set(refusals)).toEqual(
      new Set([`${base} is in use by a stack that runs as process ${holder.pid}`]),
    );
  });
});
