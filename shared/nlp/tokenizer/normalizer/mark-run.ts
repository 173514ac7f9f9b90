import type { TextBuffer } from '../text-buffer.ts';

/** One code point that a character decomposes into. */
export interface Part {
  readonly combiningClass: number;
  /** What is written for it; empty where it is stripped. */
  readonly units: Uint16Array;
}

/** Combining classes are bytes. */
const CLASSES = 256;

/**
 * The combining marks that follow one character, for the canonical order of a decomposition: by combining class, marks of
 * one class as they came. Spans do not move along. As in Hugging Face tokenizers, the spans of the original characters are
 * dealt out in their own order: the first part of a character takes the next, a further part shares the last one taken.
 */
export class MarkRun {
  private readonly parts: Part[] = [];
  /** 1 for the first part of a character. */
  private readonly firsts: number[] = [];
  /** Start and end of each character, after those of the one that the marks follow. */
  private spans: number[] = [0, 0];

  /** Writes a decomposed character, or keeps its marks until it is known that none follows. */
  add(parts: readonly Part[], start: number, end: number, out: TextBuffer): void {
    for (const [index, part] of parts.entries()) {
      if (part.combiningClass === 0) {
        this.flush(out);
        this.spans = [start, end];
        write(part, start, end, out);
      } else {
        this.parts.push(part);
        this.firsts.push(index === 0 ? 1 : 0);
        if (index === 0) this.spans.push(start, end);
      }
    }
  }

  /** Writes the marks that are kept, in order. */
  flush(out: TextBuffer): void {
    let taken = 0;
    for (const index of this.inOrder()) {
      const part = this.parts[index];
      taken += this.firsts[index] ?? 0;
      if (part) write(part, this.spans[taken * 2] ?? 0, this.spans[taken * 2 + 1] ?? 0, out);
    }
    this.parts.length = 0;
    this.firsts.length = 0;
    this.spans.length = 2;
  }

  /** Indexes of the marks by class: counted, since comparing takes more than linear time. */
  private inOrder(): Int32Array {
    const { parts } = this;
    const order = new Int32Array(parts.length);
    if (parts.length < 2) return order;
    const places = new Int32Array(CLASSES + 1);
    for (const { combiningClass } of parts) {
      places[combiningClass + 1] = (places[combiningClass + 1] ?? 0) + 1;
    }
    for (let i = 1; i <= CLASSES; i++) places[i] = (places[i] ?? 0) + (places[i - 1] ?? 0);
    parts.forEach(({ combiningClass }, index) => {
      const place = places[combiningClass] ?? 0;
      order[place] = index;
      places[combiningClass] = place + 1;
    });
    return order;
  }
}

function write({ units }: Part, start: number, end: number, out: TextBuffer): void {
  out.reserve(units.length);
  for (let i = 0; i < units.length; i++) out.push(units[i] ?? 0, start, end);
}
