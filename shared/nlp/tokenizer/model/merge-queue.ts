/** More positions than any text has: a key holds a rank and a position exactly. */
const POSITIONS = 2 ** 28;

/** Merges that may be done next, by rank and then from left to right: a binary heap of numbers. */
export class MergeQueue {
  private keys = new Float64Array(64);
  private size = 0;

  add(rank: number, position: number): void {
    if (this.size === this.keys.length) {
      const grown = new Float64Array(this.size * 2);
      grown.set(this.keys);
      this.keys = grown;
    }
    const { keys } = this;
    const key = rank * POSITIONS + position;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = keys[parent] ?? 0;
      if (above <= key) break;
      keys[at] = above;
      at = parent;
    }
    keys[at] = key;
  }

  /** Takes the first; -1 where none is left. `rankOf` and `positionOf` read it. */
  take(): number {
    if (this.size === 0) return -1;
    const { keys } = this;
    const first = keys[0] ?? 0;
    const key = keys[--this.size] ?? 0;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && (keys[child + 1] ?? 0) < (keys[child] ?? 0)) child++;
      const below = keys[child] ?? 0;
      if (below >= key) break;
      keys[at] = below;
      at = child;
    }
    keys[at] = key;
    return first;
  }
}

/** The rank of what `take` gave. */
export function rankOf(key: number): number {
  return Math.floor(key / POSITIONS);
}

/** The position of what `take` gave. */
export function positionOf(key: number): number {
  return key % POSITIONS;
}
