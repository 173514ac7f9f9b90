import { closeSync, constants, createReadStream, fstatSync, open } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import { MAXIMUM_RECORD_BYTES } from '../check-blob.ts';

/** On Linux a named pipe is opened without waiting for its writer; while that call waits, nothing ends the process. */
const READ = process.platform === 'linux' ? constants.O_NONBLOCK : constants.O_RDONLY;
const LINE_FEED = 0x0a;

/** No stream takes a record that is longer, so neither is a longer line ever held in memory. */
export const MAXIMUM_LINE_BYTES = MAXIMUM_RECORD_BYTES;

/** A line of an input; `text` is missing where `fault` says why it cannot be read. */
export interface InputLine {
  /** Counted from 1. */
  readonly line: number;
  readonly text?: string;
  readonly fault?: string;
}

/** Where lines come from. */
export interface Input {
  /** Size in bytes, of what can be read more than once: a file, but no pipe and no standard input. */
  readonly size: number | undefined;
  /** Bytes read so far, over all readings. */
  readonly bytesRead: () => number;
  /** Reads the lines from the first on; ends early, and quietly, when the signal aborts. */
  lines(): AsyncGenerator<InputLine, void, undefined>;
  close(): void;
}

/**
 * Opens a file, or standard input for `-`. Of a file that grows meanwhile only what was there at first is read, however often.
 *
 * @throws {ConfigurationError} naming the file that cannot be read
 */
export async function openInput(file: string, signal: AbortSignal): Promise<Input> {
  const failed = (cause: unknown) => {
    const name = file === '-' ? 'standard input' : file;
    return new ConfigurationError(`cannot read ${name}: ${messageOf(cause)}`, { cause });
  };
  const source =
    file === '-'
      ? streamSource(process.stdin, signal)
      : await fileSource(file, signal).catch((cause: unknown) => {
          throw failed(cause);
        });
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.bytes()) {
      read += chunk.length;
      yield chunk;
    }
  }
  return {
    size: source.size,
    bytesRead: () => read,
    async *lines() {
      try {
        for await (const line of splitLines(counted())) {
          if (signal.aborted) return;
          yield line;
        }
      } catch (cause) {
        if (!signal.aborted) throw failed(cause);
      }
    },
    close: source.close,
  };
}

interface Source {
  readonly size: number | undefined;
  bytes(): Readable;
  close(): void;
}

function streamSource(stream: Readable, signal: AbortSignal): Source {
  // A stream that waits for more would keep the process from ending.
  const end = () => void stream.destroy();
  signal.addEventListener('abort', end, { once: true });
  return { size: undefined, bytes: () => stream, close: end };
}

async function fileSource(file: string, signal: AbortSignal): Promise<Source> {
  const fd = await promisify(open)(file, READ);
  const stats = fstatSync(fd);
  // Unlike a read of a file, one of a socket can be given up while it waits.
  if (stats.isFIFO()) return streamSource(new Socket({ fd }), signal);
  const { size } = stats;
  // What has no size may yet have content, as devices do.
  if (!stats.isFile() || size === 0) return streamSource(createReadStream('', { fd }), signal);
  closeSync(fd);
  return { size, bytes: () => createReadStream(file, { end: size - 1 }), close() {} };
}

/**
 * Splits bytes at line feeds alone: what other readers hold for line breaks, such as U+2028, may stand inside JSON strings.
 * Holds one line at most. Blank lines are counted and left out, and so is a byte order mark.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<InputLine, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let pieces: Uint8Array[] = [];
  let length = 0;
  let line = 0;
  const add = (piece: Uint8Array): void => {
    length += piece.length;
    if (length <= MAXIMUM_LINE_BYTES) pieces.push(piece);
    else pieces = [];
  };
  const finish = (): InputLine | undefined => {
    line += 1;
    const bytes = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    const isLong = length > MAXIMUM_LINE_BYTES;
    pieces = [];
    length = 0;
    if (isLong) return { line, fault: `must be at most ${MAXIMUM_LINE_BYTES} bytes long` };
    try {
      const text = decoder.decode(bytes);
      if (text.trim() === '') return undefined;
      return { line, text: line === 1 ? text.replace(/^\uFEFF/, '') : text };
    } catch {
      return { line, fault: 'must be UTF-8' };
    }
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
      add(chunk.subarray(from, to));
      from = to + 1;
      const read = finish();
      if (read) yield read;
    }
    if (from < chunk.length) add(chunk.subarray(from));
  }
  if (length > 0) {
    const read = finish();
    if (read) yield read;
  }
}
