/** Units up to which a string is made faster one by one. */
const SHORT = 8;

/**
 * A normalized text in UTF-16 units, each with the span of the original text it came from. Made once and used again for
 * every text, so that encoding allocates nothing that grows with the text but its result.
 */
export class TextBuffer {
  units = new Uint16Array(1024);
  starts = new Int32Array(1024);
  ends = new Int32Array(1024);
  length = 0;
  private bytes = Buffer.from(this.units.buffer);

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

  /** Adds the units of a string, all of one span. */
  pushText(text: string, start: number, end: number): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.push(text.charCodeAt(i), start, end);
  }

  /** Adds one character. */
  pushCodePoint(codePoint: number, start: number, end: number): void {
    this.reserve(2);
    if (codePoint > 0xffff) {
      this.push(0xd7c0 + (codePoint >> 10), start, end);
      this.push(0xdc00 | (codePoint & 0x3ff), start, end);
    } else {
      this.push(codePoint, start, end);
    }
  }

  /** Adds `text.slice(from, to)` as it is, each character with its own span. */
  copyText(text: string, from: number, to: number): void {
    this.reserve(to - from);
    for (let i = from; i < to; i++) {
      const unit = text.charCodeAt(i);
      if ((unit & 0xfc00) === 0xd800 && i + 1 < to) {
        this.push(unit, i, i + 2);
        this.push(text.charCodeAt(i + 1), i, i + 2);
        i++;
      } else {
        this.push(unit, i, i + 1);
      }
    }
  }

  /** Adds a part of another buffer, or of this one, with its spans. */
  copy(from: TextBuffer, start: number, end: number): void {
    this.reserve(end - start);
    this.units.set(from.units.subarray(start, end), this.length);
    this.starts.set(from.starts.subarray(start, end), this.length);
    this.ends.set(from.ends.subarray(start, end), this.length);
    this.length += end - start;
  }

  /** The character at `at`, before `to`; half of a pair where the other half is not there. */
  codePointAt(at: number, to: number): number {
    const unit = this.units[at] ?? 0;
    if ((unit & 0xfc00) !== 0xd800 || at + 1 >= to) return unit;
    return ((unit - 0xd7c0) << 10) + ((this.units[at + 1] ?? 0) - 0xdc00);
  }

  private viewBytes(): Buffer<ArrayBuffer> {
    this.bytes = Buffer.from(this.units.buffer);
    return this.bytes;
  }

  /** The units from `from` to `to` as a string. */
  slice(from: number, to: number): string {
    if (to - from <= SHORT) {
      let text = '';
      for (let i = from; i < to; i++) text += String.fromCharCode(this.units[i] ?? 0);
      return text;
    }
    const bytes = this.bytes.buffer === this.units.buffer ? this.bytes : this.viewBytes();
    return bytes.toString('utf16le', from * 2, to * 2);
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
