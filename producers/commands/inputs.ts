import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, existsSync, fstatSync, open } from 'node:fs';
import { Socket } from 'node:net';
import { basename, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { glob, isDynamicPattern } from 'tinyglobby';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import { type FileFormat, formatOf, type RecordFormat } from '#shared/record-files/format.ts';
import type { FileOrigin } from '#shared/record-files/name-records.ts';

/** On Linux a named pipe is opened without waiting for its writer; while that call waits, nothing ends the process. */
const READ = process.platform === 'linux' ? constants.O_NONBLOCK : constants.O_RDONLY;
/** Longest name of a file that begins its records' ids. */
const NAME_IN_ID = 60;

/** What records are read from. */
export interface Input {
  /** As it is told of. */
  readonly name: string;
  readonly format: FileFormat;
  /** What records without an id are named after; undefined where nothing names them. */
  readonly origin?: FileOrigin;
  /** Size in bytes, of what can be read more than once: a file or an object, but no pipe and no standard input. */
  readonly size?: number;
  /** Changes with what is in it. */
  readonly version?: string;
  /** Its bytes from an offset on. */
  open(offset: number): AsyncIterable<Uint8Array>;
  close(): void;
}

/** How inputs are opened. */
export interface InputOptions {
  /** In place of what a name tells. */
  readonly format?: RecordFormat | undefined;
  readonly signal: AbortSignal;
  /** Opens what begins with `s3://`. */
  readonly openObjects: (url: string) => Promise<readonly Input[]>;
}

/**
 * Opens files, patterns such as `texts/*.jsonl.gz`, objects and `-` for standard input, in the order in which they are named. Of
 * a file that grows meanwhile only what was there at first is read, however often.
 *
 * @throws {ConfigurationError} naming what cannot be read, or a pattern that no file matches
 */
export async function openInputs(
  names: readonly string[],
  options: InputOptions,
): Promise<readonly Input[]> {
  const inputs: Input[] = [];
  try {
    for (const name of names) {
      if (name.startsWith('s3://')) inputs.push(...(await options.openObjects(name)));
      else if (name === '-') inputs.push(standardInput(options));
      else for (const file of await filesOf(name)) inputs.push(await openFile(file, options));
    }
    return inputs;
  } catch (error) {
    for (const input of inputs) input.close();
    throw error;
  }
}

/** The files of a name, which may be a pattern unless a file has that very name. */
async function filesOf(name: string): Promise<readonly string[]> {
  if (!isDynamicPattern(name) || existsSync(name)) return [name];
  const files = await glob(name, { absolute: resolve(name) === name, expandDirectories: false });
  if (files.length === 0) throw new ConfigurationError(`cannot read ${name}: no file matches`);
  return files.sort();
}

const cannotRead = (name: string, cause: unknown) =>
  new ConfigurationError(`cannot read ${name}: ${messageOf(cause)}`, { cause });

function standardInput({ format = 'jsonl', signal }: InputOptions): Input {
  return streamInput('standard input', { format, gzip: false }, process.stdin, signal);
}

/** What can be read once. */
function streamInput(
  name: string,
  format: FileFormat,
  stream: Readable,
  signal: AbortSignal,
): Input {
  // A stream that waits for more would keep the process from ending.
  const end = () => void stream.destroy();
  signal.addEventListener('abort', end, { once: true });
  return { name, format, open: () => naming(name, stream, signal), close: end };
}

async function openFile(name: string, options: InputOptions): Promise<Input> {
  const { signal } = options;
  const told = formatOf({ name }) ?? { format: 'jsonl', gzip: name.endsWith('.gz') };
  const format = { ...told, ...(options.format && { format: options.format }) };
  const fd = await promisify(open)(name, READ).catch((cause: unknown) => {
    throw cannotRead(name, cause);
  });
  const stats = fstatSync(fd);
  // Unlike a read of a file, one of a socket can be given up while it waits.
  if (stats.isFIFO()) return streamInput(name, format, new Socket({ fd }), signal);
  const { size, mtimeMs } = stats;
  if (!stats.isDirectory() && !stats.isFile()) {
    return streamInput(name, format, createReadStream('', { fd }), signal);
  }
  closeSync(fd);
  if (stats.isDirectory()) {
    throw cannotRead(name, 'EISDIR: it is a folder; name its files, such as folder/*.jsonl');
  }
  // What has no size may yet have content, as files under /proc do.
  const end = size === 0 ? Number.POSITIVE_INFINITY : size - 1;
  return {
    ...{ name, format, size },
    version: new Date(mtimeMs).toISOString(),
    origin: { name: name.slice(0, 1_024), idPrefix: idPrefixOf(name) },
    open(offset) {
      if (offset > end) return noBytes();
      return naming(name, createReadStream(name, { start: offset, end }), signal);
    },
    close() {},
  };
}

/** The same for the same file, and hardly for two: its name, and a hash of where it is. */
function idPrefixOf(name: string): string {
  const hash = createHash('sha256').update(resolve(name)).digest('hex').slice(0, 8);
  return `${basename(name)
    .replace(/[^\w.-]+/g, '_')
    .slice(0, NAME_IN_ID)}-${hash}`;
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** Bytes whose faults name where they come from; an abort ends them, quietly. */
export async function* naming(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (cause) {
    if (!signal?.aborted) throw cannotRead(name, cause);
  }
}
