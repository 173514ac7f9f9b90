import { mkdir, open, readFile, rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'cloudwatch.jsonl';
const COMPACT_BYTES = 32 * 1024 * 1024;

/** A file of JSON lines, one indivisible change each. */
export interface AppendLog {
  /** Writes a change down, so that it survives the end of this process, then makes it. */
  append(entry: unknown, make: () => void): Promise<void>;
  close(): Promise<void>;
}

/** A log that keeps nothing. */
export const memoryLog: AppendLog = {
  append: async (_entry, make) => make(),
  close: async () => undefined,
};

/**
 * Opens the log of a folder after replaying it. A last line cut short by a kill was never acknowledged and is cut off.
 * A log grown large is replaced by what `snapshot` says, in one rename.
 */
export async function openLog(
  directory: string,
  replay: (entry: unknown) => void,
  snapshot: () => Iterable<unknown>,
): Promise<AppendLog> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, FILE);
  const whole = await replayFile(path, replay);
  let file = await open(path, 'a');
  await file.truncate(whole);
  let size = whole;
  let limit = Math.max(COMPACT_BYTES, size * 2);
  let last: Promise<void> = Promise.resolve();

  const compact = async () => {
    const temporary = `${path}.new`;
    const fresh = await open(temporary, 'w');
    let written = 0;
    for (const entry of snapshot()) {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      await fresh.writeFile(line);
      written += line.length;
    }
    await fresh.sync();
    await fresh.close();
    await rename(temporary, path);
    await file.close();
    file = await open(path, 'a');
    size = written;
    limit = Math.max(COMPACT_BYTES, size * 2);
  };

  const write = async (line: Buffer) => {
    try {
      await file.writeFile(line);
      size += line.length;
    } catch (error) {
      await truncate(path, size);
      throw error;
    }
  };

  return {
    append: (entry, make) => {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      const done = last.then(async () => {
        // Before the line, since what the line says is not yet in the snapshot.
        if (size + line.length > limit) await compact();
        await write(line);
        make();
      });
      last = done.catch(() => undefined);
      return done;
    },
    close: async () => {
      await last;
      await file.close();
    },
  };
}

async function replayFile(path: string, replay: (entry: unknown) => void): Promise<number> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    replay(JSON.parse(bytes.toString('utf8', start, end)));
    start = end + 1;
  }
  return start;
}
