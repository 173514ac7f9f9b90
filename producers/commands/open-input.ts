import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import { type InputLine, splitLines } from './split-lines.ts';

const CHUNK_BYTES = 64 * 1024;

/** Where lines come from. */
export interface Input {
  /** Whether its lines can be read more than once: those of a file, but not of a pipe or of standard input. */
  readonly repeatable: boolean;
  /** Reads the lines from the first on; ends early, and quietly, when the signal aborts. */
  lines(): AsyncGenerator<InputLine, void, undefined>;
  close(): Promise<void>;
}

/**
 * Opens a file, or standard input for `-`. Of a file that grows meanwhile only what was there at first is read, however often.
 *
 * @throws {ConfigurationError} naming the file that cannot be read
 */
export async function openInput(
  file: string,
  signal: AbortSignal,
  standardInput?: Readable,
): Promise<Input> {
  if (file === '-') return streamInput(standardInput ?? process.stdin, signal);
  const handle = await openFile(file);
  const stats = await handle.stat();
  // What has no size may yet have content, as pipes do.
  const repeatable = stats.isFile() && stats.size > 0;
  return {
    repeatable,
    lines: () => linesOf(file, bytesOf(handle, repeatable ? stats.size : undefined), signal),
    close: () => handle.close(),
  };
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file);
  } catch (cause) {
    throw new ConfigurationError(`cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

function streamInput(stream: Readable, signal: AbortSignal): Input {
  // A stream that waits for more would keep the process from ending.
  const end = () => void stream.destroy();
  signal.addEventListener('abort', end, { once: true });
  return {
    repeatable: false,
    lines: () => linesOf('standard input', stream, signal),
    close: async () => end(),
  };
}

async function* bytesOf(handle: FileHandle, size: number | undefined): AsyncGenerator<Buffer> {
  for (let at = 0; size === undefined || at < size; ) {
    const buffer = Buffer.allocUnsafe(
      Math.min(CHUNK_BYTES, size === undefined ? CHUNK_BYTES : size - at),
    );
    const position = size === undefined ? null : at;
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* linesOf(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<InputLine, void, undefined> {
  try {
    for await (const line of splitLines(bytes)) {
      if (signal.aborted) return;
      yield line;
    }
  } catch (cause) {
    if (signal.aborted) return;
    throw new ConfigurationError(`cannot read ${name}: ${messageOf(cause)}`, { cause });
  }
}
