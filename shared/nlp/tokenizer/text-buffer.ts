/**
 * A normalized text in UTF-16 units, each with the span of the original text it came from. Made once and used again for
 * every text, so that encoding allocates nothing that grows with the text but its result.
 */
export class TextBuffer {
  units = new Uint16Array(1024);
  starts = new Int32Array(1024);
  ends = new Int32Array(1024);
  length = 0;

  /** Makes room for `more` units after those already there. */
  reserve(more: number): void {
    const wanted = this.length + more;
    if (wanted <= this.units.length) return;
    const capacity = Math.max(wanted, this.units.length * 2);
    this.units = grown(this.units, new Uint16Array(capacity));
    this.starts = grown(this.starts, new Int32Array(capacity));
    this.ends = grown(this.ends, new Int32Array(capacity));
  }

  /** Adds one unit; the caller has reserved the room. */
  push(unit: number, start: number, end: number): void {
    this.units[this.length] = unit;
    this.starts[this.length] = start;
    this.ends[this.length++] = end;
  }

  /** The units from `from` to `to` as a string. */
  slice(from: number, to: number): string {
    let text = '';
    for (let i = from; i < to; i++) text += String.fromCharCode(this.units[i] ?? 0);
    return text;
  }
}

/** A list of integers that grows and is used again. */
export class IntegerList {
  values = new Int32Array(256);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      this.values = grown(this.values, new Int32Array(this.length * 2));
    }
    this.values[this.length++] = value;
  }
}

function grown<T extends Uint16Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
