import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDirectory } from '#local/cloud/lock.ts';

const STARTERS = 4;
const ROUNDS = 40;

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
  const leaveDeadLockIn = async (directory: string) => {
    const release = await lockDirectory(directory);
    const [lock = ''] = await readdir(directory);
    const [holder = ''] = await readdir(join(directory, lock));
    await release();
    const dead = spawnSync(process.execPath, ['--version']).pid;
    await mkdir(join(directory, lock));
    await writeFile(join(directory, lock, holder.replace(/^\d+/, `${dead}`)), '');
  };

  it('is had by one of several that start at the same instant, be the folder new or left by a killed one', async () => {
    // Prepare
    const racing = await Promise.all(Array.from({ length: STARTERS }, startStarter));

    // Act
    const winners: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const directory = join(base, `round-${round}`);
      if (round % 2 === 1) await leaveDeadLockIn(directory);
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
    expect(await readdir(base)).toEqual([]);
  });

  it('is taken over from a killed process, and from one that was killed while it gave it back', async () => {
    // Prepare
    const holder = await startStarter();
    await answerOf(holder, base, 0);
    const gone = once(holder, 'exit');

    // Act
    holder.kill('SIGKILL');
    await gone;
    const release = await lockDirectory(base);
    await release();
    await mkdir(join(base, 'in-use'));
    const again = await lockDirectory(base);

    // Assess
    expect(await readdir(join(base, 'in-use'))).toHaveLength(1);
    await again();
  });
  it('is taken over where the id of a killed holder was given to another program', async () => {
    // Prepare
    const other = await startStarter();
    const holder = await startStarter();
    await answerOf(holder, base, 0);
    const gone = once(holder, 'exit');
    holder.kill('SIGKILL');
    await gone;
    const lock = join(base, 'in-use');
    const [name = ''] = await readdir(lock);
    await rename(join(lock, name), join(lock, name.replace(/^\d+/, `${other.pid}`)));

    // Act
    const release = await lockDirectory(base);

    // Assess
    expect((await readdir(lock))[0]).toMatch(new RegExp(`^${process.pid}-`));
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
