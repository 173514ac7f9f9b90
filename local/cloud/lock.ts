import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigurationError } from '#shared/errors.ts';

/** Locks that this very process holds: its id alone cannot tell them from those of a dead process of the same id. */
const held = new Set<string>();

/** What a rename says where the target is a folder with something in it; the last two are Windows's words. */
const TAKEN = new Set(['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES']);

/** More than any number of starters need: each attempt that fails meets a holder, dead or alive, or somebody's removal of one. */
const ATTEMPTS = 100;

/**
 * Holds a folder for one stack; a lock left by a killed process is taken over.
 *
 * The lock is the folder `in-use` with one file, named after its holder's process id and a token of its own; it says when that
 * process began, since ids are used again. It comes into being whole, as a folder made elsewhere and renamed, which succeeds
 * only where nothing or an empty folder stands. A dead holder is removed by its file's name, which is never used twice: so
 * however late, nobody removes another's lock.
 *
 * @throws {ConfigurationError} where a stack that runs holds the folder
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true });
  const lock = join(directory, 'in-use');
  const mine = `${process.pid}-${randomUUID()}`;
  const prepared = `${lock}.${mine}`;
  await mkdir(prepared);
  await writeFile(join(prepared, mine), await beginningOf(process.pid));
  held.add(mine);
  try {
    for (let attempt = 1; !(await putInPlace(prepared, lock)); attempt += 1) {
      if (attempt > ATTEMPTS) throw new ConfigurationError(`${lock} cannot be made`);
      await removeDeadHolders(directory, lock);
    }
  } catch (error) {
    held.delete(mine);
    await rm(prepared, { recursive: true, force: true });
    throw error;
  }
  return async () => {
    await unlessGone(unlink(join(lock, mine)));
    held.delete(mine);
    await rmdir(lock).catch(() => undefined);
  };
}

async function putInPlace(prepared: string, lock: string): Promise<boolean> {
  // Not every system renames onto an empty folder; a folder that is not empty stays.
  await rmdir(lock).catch(() => undefined);
  try {
    await rename(prepared, lock);
    return true;
  } catch (error) {
    if (TAKEN.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function removeDeadHolders(directory: string, lock: string): Promise<void> {
  for (const holder of (await unlessGone(readdir(lock))) ?? []) {
    const pid = Number(holder.split('-', 1)[0]);
    const begun = await unlessGone(readFile(join(lock, holder), 'utf8'));
    const isOther = pid !== process.pid && begun !== undefined && (await isRunning(pid, begun));
    if (held.has(holder) || isOther) {
      throw new ConfigurationError(`${directory} is in use by a stack that runs as process ${pid}`);
    }
    await unlessGone(unlink(join(lock, holder)));
  }
}

async function unlessGone<T>(done: Promise<T>): Promise<T | undefined> {
  try {
    return await done;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether the process that had the id when it began then still runs, and not another that was given its id. */
async function isRunning(pid: number, begun: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = await beginningOf(pid);
  return begun === '' || now === '' || begun === now;
}

/** When a process began, in the words of its system; empty where none tells. */
async function beginningOf(pid: number): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name of the program comes second, in brackets, and may hold anything; the start is the twentieth after it.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot.trim()} ${ticks}`;
  } catch {
    const listed = promisify(execFile)('ps', ['-o', 'lstart=', '-p', `${pid}`]);
    return listed.then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  }
}
