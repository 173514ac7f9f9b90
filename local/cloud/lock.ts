import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { ConfigurationError, messageOf } from '#shared/errors.ts';

/**
 * Holds a folder for one stack. The lock is LevelDB's, which is the system's: an empty store that one process can have open, once.
 * However its holder ends, the lock ends with it. Who holds it is told by `stack.pid` beside it.
 *
 * @throws {ConfigurationError} where a stack that runs holds the folder, or it cannot be written to
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true });
  const lock = new Level(join(directory, 'lock'));
  const pidFile = join(directory, 'stack.pid');
  try {
    await lock.open();
  } catch (error) {
    const { cause = error } = error as Error;
    if ((cause as NodeJS.ErrnoException).code !== 'LEVEL_LOCKED') {
      throw new ConfigurationError(`${directory} cannot be used: ${messageOf(cause)}`, { cause });
    }
    const pid = await readFile(pidFile, 'utf8').catch(() => 'which has just begun');
    throw new ConfigurationError(`${directory} is in use by a stack that runs as process ${pid}`);
  }
  await writeFile(pidFile, `${process.pid}`);
  return async () => {
    await rm(pidFile, { force: true });
    await lock.close();
  };
}
