import { parseJson } from '#shared/contracts/parse-json.ts';
import { type TextRecord, textRecordSchema } from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { messageOf, ValidationError } from '#shared/errors.ts';
import type { InputLine } from './split-lines.ts';

const MAXIMUM_ID_LENGTH = 128;

/** A line of the input that is no valid record. */
export interface BadLine {
  /** Counted from 1. */
  readonly line: number;
  readonly field: string;
  readonly message: string;
}

/** What is made of every line. */
export interface ReadOptions {
  /** Replaces the record's own source. */
  readonly source?: string | undefined;
  /** How often each record is sent, with ids of its own each time. */
  readonly loop: number;
}

/** Reads one line as a record. */
export function readLine(
  { line, text = '', fault }: InputLine,
  { source, loop }: ReadOptions,
): TextRecord | BadLine {
  if (fault !== undefined) return { line, field: '(record)', message: `the line ${fault}` };
  try {
    const value = parseJson(text);
    const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
    const record = validate(
      textRecordSchema,
      isObject && source !== undefined ? { ...value, source } : value,
    );
    if (idOf(record, loop).length <= MAXIMUM_ID_LENGTH) return record;
    const message = `id would be longer than ${MAXIMUM_ID_LENGTH} characters in round ${loop} of --loop`;
    return { line, field: 'id', message };
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return { line, field: error.field, message: messageOf(error) };
  }
}

/** Whether a line turned out bad. */
export const isBadLine = (read: TextRecord | BadLine): read is BadLine => 'line' in read;

/** A record as it is sent in a round, counted from 1: from the second on its id ends in `.2`, `.3` and so on. */
export const inRound = (record: TextRecord, round: number): TextRecord =>
  round === 1 ? record : { ...record, id: idOf(record, round) };

const idOf = ({ id }: TextRecord, round: number): string => (round === 1 ? id : `${id}.${round}`);
