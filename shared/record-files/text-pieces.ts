import { isBlank, MAXIMUM_TEXT_BYTES } from '#shared/contracts/text-record.ts';
import { ValidationError } from '#shared/errors.ts';
import { CUT_REACH, endOfPiece, isLongText } from './cut-text.ts';
import type { Position, ReadRecord } from './types.ts';

/**
 * Reads a file that is one text. One that fits no record comes in pieces as they are read, numbered from 1.
 *
 * @throws {ValidationError} `undecodable`, where the file is not UTF-8
 */
export async function* readTextPieces(
  chunks: AsyncIterable<Uint8Array>,
  from: Position,
): AsyncGenerator<ReadRecord, void, undefined> {
  let { line, offset, part = 0, start = 0 } = from;
  let text = '';
  let isFirst = true;

  function take(end: number, number: number): ReadRecord {
    const piece = text.slice(0, end);
    const read = { line, part: { number, start }, bytes: Buffer.from(piece) };
    text = text.slice(end);
    line += piece.split('\n').length - 1;
    offset += read.bytes.length;
    start += end;
    part = number;
    return { ...read, record: { text: piece }, next: { line, offset, part, start } };
  }
  function* takeWhile(isMore: () => boolean) {
    while (isMore()) {
      const end = endOfPiece(text, 0);
      const blank = isBlank(text.slice(0, end));
      const piece = take(end, blank ? part : part + 1);
      if (!blank) yield piece;
    }
  }

  for await (const decoded of decode(chunks)) {
    text += decoded;
    if (isFirst && offset === 0 && text.startsWith('\uFEFF')) {
      text = text.slice(1);
      offset = 3;
    }
    isFirst &&= decoded === '';
    yield* takeWhile(() => text.length > CUT_REACH);
  }
  yield* takeWhile(() => isLongText(text) || (part > 0 && text !== ''));
  if (from.part === undefined && part === 0) yield take(text.length, 0);
}

/** Bytes as text, in pieces that are no longer than a record's. */
async function* decode(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += MAXIMUM_TEXT_BYTES) {
        yield decoder.decode(chunk.subarray(at, at + MAXIMUM_TEXT_BYTES), { stream: true });
      }
    }
    yield decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new ValidationError('(file)', 'the file must be UTF-8', { code: 'undecodable', cause });
  }
}
