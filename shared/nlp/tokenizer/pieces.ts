import { IntegerList, TextBuffer } from './text-buffer.ts';

/** Appends the start and the end of each part of a piece; empty ones are left out. */
export type DivideStep = (buffer: TextBuffer, from: number, to: number, parts: IntegerList) => void;

/** Appends a piece's new form to `out`, each unit with its span in the text as given. */
export type RewriteStep = (buffer: TextBuffer, from: number, to: number, out: TextBuffer) => void;

/**
 * A normalized text cut into pieces, in order: what the pre-tokenizers work on, one after the other. A step reads one list
 * (and one buffer) and writes another; all of it is used again for every text.
 */
export class Pieces {
  /** Start and end in `buffer` of each piece. */
  spans = new IntegerList();
  /** The text that the pieces are cut from; never written to where it was given. */
  buffer = new TextBuffer();
  private readonly own = [new TextBuffer(), new TextBuffer()] as const;
  private spareSpans = new IntegerList();

  /** Starts again with one piece. */
  start(buffer: TextBuffer, from: number, to: number): void {
    this.buffer = buffer;
    this.spans.length = 0;
    this.spans.push(from);
    this.spans.push(to);
  }

  /** Puts its parts in the place of every piece. */
  divide(step: DivideStep): void {
    const { spans, buffer } = this;
    const parts = this.spareSpans;
    parts.length = 0;
    for (let i = 0; i < spans.length; i += 2) {
      step(buffer, spans.values[i] ?? 0, spans.values[i + 1] ?? 0, parts);
    }
    this.spareSpans = spans;
    this.spans = parts;
  }

  /** Writes every piece anew. */
  rewrite(step: RewriteStep): void {
    const { spans, buffer, own } = this;
    const out = buffer === own[0] ? own[1] : own[0];
    out.length = 0;
    for (let i = 0; i < spans.length; i += 2) {
      const from = out.length;
      step(buffer, spans.values[i] ?? 0, spans.values[i + 1] ?? 0, out);
      spans.values[i] = from;
      spans.values[i + 1] = out.length;
    }
    this.buffer = out;
  }
}
