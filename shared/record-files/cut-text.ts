import { isBlank, MAXIMUM_TEXT_BYTES } from '#shared/contracts/text-record.ts';

/** Where a boundary is looked for before the place at which a piece must end, in UTF-16 code units, the best kind first. */
const KINDS = [
  { within: 16_384, segmenter: new Intl.Segmenter('und', { granularity: 'sentence' }) },
  { within: 1_024, segmenter: new Intl.Segmenter('und', { granularity: 'word' }) },
  { within: 1_024, segmenter: new Intl.Segmenter('und', { granularity: 'grapheme' }) },
] as const;
/** What must follow to tell whether a place is a boundary. */
const LOOKAHEAD = 64;
const encoder = new TextEncoder();
const buffer = new Uint8Array(MAXIMUM_TEXT_BYTES);

/** So many UTF-16 code units from a place on decide where a piece that begins there ends. */
export const CUT_REACH = MAXIMUM_TEXT_BYTES + LOOKAHEAD;

/** A piece of a text, and where in it it begins, in UTF-16 code units. */
export interface TextPiece {
  readonly text: string;
  readonly start: number;
}

/** Whether a text is longer than a record may have it. */
export const isLongText = (text: string): boolean =>
  // A code unit is three bytes at most.
  text.length * 3 > MAXIMUM_TEXT_BYTES && Buffer.byteLength(text) > MAXIMUM_TEXT_BYTES;

/**
 * Cuts a text into pieces that fit a record, each at the end of a sentence, else of a word, else between graphemes; only a
 * grapheme that fits no record is cut between code points. Pieces that are blank are left out.
 */
export function cutText(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  for (let start = 0; start < text.length; ) {
    const end = endOfPiece(text, start);
    const piece = text.slice(start, end);
    if (!isBlank(piece)) pieces.push({ text: piece, start });
    start = end;
  }
  return pieces;
}

/** Where a piece of a text ends that begins at a place: the text's end where the rest fits a record. */
export function endOfPiece(text: string, start: number): number {
  const { read } = encoder.encodeInto(text.slice(start, start + MAXIMUM_TEXT_BYTES), buffer);
  const most = start + read;
  if (most >= text.length) return text.length;
  for (const { within, segmenter } of KINDS) {
    const end = lastBoundary(text, Math.max(start, most - within), most, segmenter);
    if (end > start) return end;
  }
  return most;
}

/** The last boundary after `from` and up to `most`; 0 where there is none. */
function lastBoundary(text: string, from: number, most: number, segmenter: Intl.Segmenter): number {
  let last = 0;
  for (const { index } of segmenter.segment(text.slice(from, most + LOOKAHEAD))) {
    if (from + index > most) break;
    // Where the slice begins is no boundary of the text.
    if (index > 0) last = from + index;
  }
  return last;
}
