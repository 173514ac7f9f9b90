import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { type TextRecord, textRecordSchema } from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { ConfigurationError, messageOf, ValidationError } from '#shared/errors.ts';

/** A line of the input that is no valid record. */
export interface BadLine {
  /** Counted from 1. */
  readonly line: number;
  readonly field: string;
  readonly message: string;
}

/** Reads one line as a record; a given `source` replaces the record's own. */
export function readLine(text: string, line: number, source?: string): TextRecord | BadLine {
  try {
    const value = parseJson(text);
    const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
    return validate(
      textRecordSchema,
      isObject && source !== undefined ? { ...value, source } : value,
    );
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return { line, field: error.field, message: messageOf(error) };
  }
}

/** Whether a line turned out bad. */
export const isBadLine = (read: TextRecord | BadLine): read is BadLine => 'line' in read;

/** Lines of a file, or of standard input for `-`, without blank ones, numbered from 1. */
export async function* linesOf(
  file: string,
  standardInput: NodeJS.ReadableStream = process.stdin,
): AsyncGenerator<{ text: string; line: number }> {
  const input: NodeJS.ReadableStream = file === '-' ? standardInput : createReadStream(file);
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line += 1;
      if (text.trim() !== '') yield { text: line === 1 ? text.replace(/^\uFEFF/, '') : text, line };
    }
  } catch (cause) {
    throw new ConfigurationError(`cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

/** Reads a whole input: its valid records, and every bad line. */
export async function readRecords(
  lines: AsyncIterable<{ text: string; line: number }>,
  source?: string,
): Promise<{ records: TextRecord[]; bad: BadLine[] }> {
  const records: TextRecord[] = [];
  const bad: BadLine[] = [];
  for await (const { text, line } of lines) {
    const read = readLine(text, line, source);
    if (isBadLine(read)) bad.push(read);
    else records.push(read);
  }
  return { records, bad };
}

/**
 * The records, `times` over; from the second round on their ids end in `.2`, `.3` and so on, so that each is new.
 *
 * @throws {ConfigurationError} where an id would become longer than 128 characters
 */
export function* loop(records: readonly TextRecord[], times: number): Generator<TextRecord> {
  const longest = records.reduce((most, { id }) => Math.max(most, id.length), 0);
  if (times > 1 && longest + String(times).length + 1 > 128) {
    throw new ConfigurationError('--loop would make an id longer than 128 characters');
  }
  for (let round = 1; round <= times; round++) {
    for (const record of records) {
      yield round === 1 ? record : { ...record, id: `${record.id}.${round}` };
    }
  }
}
