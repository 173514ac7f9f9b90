import { ModelError } from '#shared/errors.ts';

/** Reads a regular expression from left to right. */
export class PatternSource {
  private at = 0;
  private readonly text: string;
  private readonly part: string;

  constructor(text: string, part: string) {
    this.text = text;
    this.part = part;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** Takes `wanted` where it comes next. */
  take(wanted: string): boolean {
    if (!this.text.startsWith(wanted, this.at)) return false;
    this.at += wanted.length;
    return true;
  }

  /** Whether `wanted` comes next. */
  sees(wanted: string): boolean {
    return this.text.startsWith(wanted, this.at);
  }

  /** Takes what a sticky expression matches here. */
  match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.at;
    const match = sticky.exec(this.text);
    if (match) this.at = sticky.lastIndex;
    return match;
  }

  /** Takes one character. */
  next(): string {
    const codePoint = this.text.codePointAt(this.at);
    if (codePoint === undefined) this.refuse('ends too early');
    const character = String.fromCodePoint(codePoint);
    this.at += character.length;
    return character;
  }

  /** @throws {ModelError} naming the stage, the pattern and what of it cannot be run. */
  refuse(why: string): never {
    const pattern = JSON.stringify(this.text);
    throw new ModelError(`tokenizer.json: ${this.part}: the regular expression ${pattern} ${why}`);
  }
}
