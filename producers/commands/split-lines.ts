import { MAXIMUM_RECORD_BYTES } from '../producer.ts';

/** A line of an input; `text` is missing where `fault` says why it cannot be read. */
export interface InputLine {
  /** Counted from 1. */
  readonly line: number;
  readonly text?: string;
  readonly fault?: string;
}

/** No stream takes a record that is longer, so neither is a longer line ever held in memory. */
export const MAXIMUM_LINE_BYTES = MAXIMUM_RECORD_BYTES;

const LINE_FEED = 0x0a;

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
