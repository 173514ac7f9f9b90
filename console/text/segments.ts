/** What marks a part of a text, one layer each: they are drawn over each other. */
export type Layer = 'entity' | 'answer' | 'pii' | 'tag';

/** A span to draw, in UTF-16 code units of its text. */
export interface Mark {
  readonly layer: Layer;
  /** Its type, kind, part of speech, or question. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** A stretch of text that one and the same set of marks covers. */
export interface Segment {
  readonly text: string;
  readonly start: number;
  readonly marks: readonly Mark[];
}

/**
 * Cuts a text at the edges of its marks, whichever way they overlap. Segments joined are the text; a mark joined from its
 * segments is its span. Marks that lie outside of the text are left out.
 */
export function segmentsOf(text: string, marks: readonly Mark[]): Segment[] {
  const inside = marks
    .filter(({ start, end }) => start >= 0 && start < end && end <= text.length)
    .sort((one, other) => one.start - other.start || other.end - one.end);
  const edges = new Set([0, text.length, ...inside.flatMap(({ start, end }) => [start, end])]);
  const cuts = [...edges].sort((one, other) => one - other);
  const segments: Segment[] = [];
  let open: Mark[] = [];
  let next = 0;
  for (const [index, start] of cuts.entries()) {
    const end = cuts[index + 1];
    if (end === undefined) break;
    open = open.filter((mark) => mark.end > start);
    for (let mark = inside[next]; mark?.start === start; mark = inside[next]) {
      open.push(mark);
      next += 1;
    }
    segments.push({ text: text.slice(start, end), start, marks: [...open] });
  }
  return segments;
}

/** Where a text is cut to show its beginning: at a space where there is one near, and never within a character. */
export function beginningOf(text: string, length: number): number {
  if (text.length <= length) return text.length;
  const space = text.lastIndexOf(' ', length);
  if (space > length * 0.8) return space;
  const unit = text.charCodeAt(length);
  return unit >= 0xdc00 && unit <= 0xdfff ? length - 1 : length;
}
