/** Longest line, or row of a table, that is held in memory: of a longer one the beginning is. */
export const MAXIMUM_LINE_BYTES = 8 * 1024 * 1024;
/** What is kept of a line that is longer. */
const KEPT_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;

/** A line of a file, or a row of a table, which may span several. */
export interface Line {
  /** Counted from 1; of a row, its first line. */
  readonly line: number;
  /** Line feeds inside it, which a quoted cell of a row may hold. */
  readonly lineFeeds: number;
  /** Its bytes without the line feed; the first 64 KiB of one that is too long. */
  readonly bytes: Uint8Array;
  readonly isTooLong: boolean;
  /** The line that follows, and where in the file it begins. */
  readonly next: { readonly line: number; readonly offset: number };
}

/** Finds the line feed that ends a line; -1 where it is in a later chunk. */
type FindEnd = (chunk: Uint8Array, from: number) => number;

/**
 * Splits bytes at line feeds alone: what other readers hold for line breaks, such as U+2028, may stand inside JSON strings.
 * Holds one line at most.
 *
 * @param from the line and the offset at which the bytes begin
 * @param delimiter of a table, in which a line feed inside quotes ends no row
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  from: { readonly line: number; readonly offset: number },
  delimiter?: number,
): AsyncGenerator<Line, void, undefined> {
  const findEnd: FindEnd =
    delimiter === undefined
      ? (chunk, start) => chunk.indexOf(LINE_FEED, start)
      : createRowEnds(delimiter);
  let pieces: Uint8Array[] = [];
  let length = 0;
  let feeds = 0;
  let { line, offset } = from;
  const add = (piece: Uint8Array): void => {
    if (length <= MAXIMUM_LINE_BYTES) {
      pieces.push(piece);
      // A copy, so that what it was cut from can go.
      if (length + piece.length > MAXIMUM_LINE_BYTES) pieces = [keptOf(pieces)];
    }
    length += piece.length;
    if (delimiter !== undefined) feeds += countLineFeeds(piece);
  };
  const finish = (ending: 0 | 1): Line => {
    const [first = new Uint8Array(), ...others] = pieces;
    const bytes = others.length === 0 ? first : Buffer.concat(pieces);
    const next = { line: line + feeds + ending, offset: offset + length + ending };
    const isTooLong = length > MAXIMUM_LINE_BYTES;
    const finished = { line, lineFeeds: feeds, bytes, isTooLong, next };
    ({ line, offset } = next);
    pieces = [];
    length = 0;
    feeds = 0;
    return finished;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = findEnd(chunk, 0); end >= 0; end = findEnd(chunk, start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      yield finish(1);
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield finish(0);
}

const keptOf = (pieces: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(pieces).subarray(0, KEPT_BYTES));

/**
 * Where rows end, by RFC 4180: a field that begins with a quote ends with one, and holds line feeds and doubled quotes. A quote
 * elsewhere is a character like any other, as in `5" pipe`.
 */
function createRowEnds(delimiter: number): FindEnd {
  let state: 'begin' | 'plain' | 'quoted' | 'quote' = 'begin';
  return (chunk, from) => {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (state === 'quoted') {
        const quote = chunk.indexOf(QUOTE, at);
        if (quote < 0) return -1;
        at = quote;
        state = 'quote';
      } else if (byte === LINE_FEED) {
        state = 'begin';
        return at;
      } else if (byte === delimiter) state = 'begin';
      else if (byte === QUOTE && (state === 'begin' || state === 'quote')) state = 'quoted';
      // Of a line break's two characters the first ends no field.
      else if (!(state === 'quote' && byte === CARRIAGE_RETURN)) state = 'plain';
    }
    return -1;
  };
}

function countLineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1))
    count += 1;
  return count;
}
