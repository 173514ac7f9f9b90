/** Numbers of a slot: character before + 1 (0 where empty), character after. */
const width = 2;

/**
 * Which characters merges can meet at: the last one of a token with the first one of a token that it merges with. Two
 * characters that are not among them stay apart whatever stands around them, so a word may be cut there before it is merged.
 */
export class MergeBorders {
  private slots = new Int32Array(2 ** 10 * width);
  private taken = 0;

  /** Lets two characters meet. */
  add(before: number, after: number): void {
    if (this.taken * 2 * width >= this.slots.length) this.grow();
    const at = this.slotOf(before, after);
    if (this.slots[at] !== 0) return;
    this.slots[at] = before + 1;
    this.slots[at + 1] = after;
    this.taken++;
  }

  has(before: number, after: number): boolean {
    return this.slots[this.slotOf(before, after)] !== 0;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.taken = 0;
    for (let at = 0; at < old.length; at += width) {
      const before = old[at] ?? 0;
      if (before !== 0) this.add(before - 1, old[at + 1] ?? 0);
    }
  }

  private slotOf(before: number, after: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    const mixed = Math.imul(before, 0x9e3779b1) ^ Math.imul(after, 0x85ebca6b);
    let at = ((mixed ^ (mixed >>> 15)) * width) & mask;
    for (;;) {
      const taken = slots[at];
      if (taken === 0 || (taken === before + 1 && slots[at + 1] === after)) return at;
      at = (at + width) & mask;
    }
  }
}
