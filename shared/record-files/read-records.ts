import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { type Rejection, rejectionOf } from '#shared/contracts/rejection.ts';
import { messageOf, SpanstreamError, ValidationError } from '#shared/errors.ts';
import type { FileFormat } from './format.ts';
import { type Line, MAXIMUM_LINE_BYTES, splitLines } from './lines.ts';
import { checkColumns, parseRow, rowRecord } from './table.ts';
import { readTextPieces } from './text-pieces.ts';
import { BEGINNING, type Position, type ReadRecord } from './types.ts';

const INFLATED_CHUNK_BYTES = 64 * 1024;
const DELIMITERS = { csv: ',', tsv: '\t' } as const;

/**
 * Reads the records of a file, one after the other, in time that grows with its bytes and with one line in memory at most. Blank
 * lines are counted and left out, and so is a byte order mark. A line that cannot be read is a record with a rejection.
 *
 * @param open gives the file's bytes from an offset on; of gzip always from 0, since it cannot be entered elsewhere: what was read
 * before is inflated again, and skipped
 * @throws {ValidationError} `undecodable` where the whole cannot be read (it is not gzip, or cut short; a text is not UTF-8), and
 * `invalid-record` where a table's columns are wrong; and what `open` throws
 */
export async function* readRecords(
  open: (offset: number) => AsyncIterable<Uint8Array>,
  { format, gzip }: FileFormat,
  from: Position = BEGINNING,
): AsyncGenerator<ReadRecord, void, undefined> {
  const chunks = gzip ? skip(inflate(open(0)), from.offset) : open(from.offset);
  if (format === 'text') yield* readTextPieces(chunks, from);
  else if (format === 'jsonl') yield* readLines(chunks, from);
  else yield* readRows(chunks, DELIMITERS[format], from);
}

async function* readLines(chunks: AsyncIterable<Uint8Array>, from: Position) {
  for await (const line of splitLines(chunks, from)) {
    const { bytes, next } = line;
    const read = settle(line, (text) => objectOf(parseJson(text)));
    if (read) yield { line: line.line, bytes, next, ...read };
  }
}

async function* readRows(
  chunks: AsyncIterable<Uint8Array>,
  delimiter: string,
  from: Position,
): AsyncGenerator<ReadRecord, void, undefined> {
  let { columns } = from;
  for await (const line of splitLines(chunks, from, delimiter.charCodeAt(0))) {
    const { bytes } = line;
    if (columns === undefined) {
      const header = settle(line, (text) => ({ names: checkColumns(parseRow(text, delimiter)) }));
      if (header?.rejection) {
        throw new ValidationError('columns', `columns: ${header.rejection.message}`);
      }
      columns = header?.record?.names;
      continue;
    }
    const names = columns;
    const read = settle(line, (text) => rowRecord(names, parseRow(text, delimiter)));
    if (read) yield { line: line.line, bytes, next: { ...line.next, columns }, ...read };
  }
  if (columns === undefined) checkColumns([]);
}

/** What a line's text comes to, or why it comes to nothing; undefined where it is blank. */
function settle<T>(
  { line, lineFeeds, bytes, isTooLong }: Line,
  parse: (text: string) => T,
): { record?: T; rejection?: Rejection } | undefined {
  try {
    if (isTooLong) {
      const message = `the line must be at most ${MAXIMUM_LINE_BYTES} bytes long`;
      throw new SpanstreamError('too-large', message);
    }
    if (!isUtf8(bytes)) throw new SpanstreamError('undecodable', 'the line is not valid UTF-8');
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    if (text.trim() === '') return undefined;
    return { record: parse(line === 1 ? text.replace(/^\uFEFF/, '') : text) };
  } catch (error) {
    if (!(error instanceof SpanstreamError)) throw error;
    const rejection = rejectionOf(error);
    if (lineFeeds === 0) return { rejection };
    // One quote too many makes a row of what were many: whoever reads this must know what was lost with it.
    const extent = `; line breaks inside it, as where a quote is not closed: ${lineFeeds}`;
    return { rejection: { ...rejection, message: rejection.message + extent } };
  }
}

function objectOf(value: unknown): { readonly [field: string]: unknown } {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return { ...value };
  throw new ValidationError('(record)', '(record) must be an object');
}

/** @throws {ValidationError} where the bytes are no gzip, or are cut short */
async function* inflate(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: INFLATED_CHUNK_BYTES });
  let failed: { readonly error: unknown } | undefined;
  const source = Readable.from(chunks);
  source.once('error', (error) => {
    failed = { error };
    gunzip.destroy();
  });
  try {
    for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer;
  } catch (cause) {
    if (failed) throw failed.error;
    const message = `the file is not gzip, or is cut short: ${messageOf(cause)}`;
    throw new ValidationError('(file)', message, { code: 'undecodable', cause });
  } finally {
    source.destroy();
  }
}

async function* skip(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (chunk.length > left) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
