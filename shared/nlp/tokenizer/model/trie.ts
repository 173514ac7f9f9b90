/** Numbers of a slot: parent + 1 (0 where empty), unit, value + 1 (0 where none), unused. */
const width = 4;
/** Share of the slots that may be taken, so that a probe soon finds an empty one. */
const FULL = 3 / 4;

/**
 * A trie over UTF-16 units in one flat array: the edges of all nodes share an open-addressing hash table, and a node is the
 * slot of the edge that leads to it. A step is one probe, most often in one cache line, and makes no string.
 */
export class Trie {
  private readonly slots: Int32Array;
  private readonly mask: number;
  private free: number;

  /** @param edges about as many as it has room for: the table does not grow */
  constructor(edges: number) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(64, edges)));
    this.slots = new Int32Array(capacity * width);
    this.mask = capacity - 1;
    this.free = Math.floor(capacity * FULL);
  }

  /** The node that a trie starts at; several tries, numbered from 0, share the table. */
  root(trie: number): number {
    return this.mask + 1 + trie;
  }

  /** Sets the value of `key.slice(from)`, which must not be empty, in the trie of a root; false where the table is full. */
  set(root: number, key: string, from: number, value: number): boolean {
    let node = root;
    for (let i = from; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      const slot = this.find(node, unit);
      if (this.slots[slot * width] === 0) {
        if (this.free === 0) return false;
        this.free--;
        this.slots[slot * width] = node + 1;
        this.slots[slot * width + 1] = unit;
      }
      node = slot;
    }
    this.slots[node * width + 2] = value + 1;
    return true;
  }

  /** The node after `unit`; -1 where no key goes on so. */
  step(node: number, unit: number): number {
    const slot = this.find(node, unit);
    return this.slots[slot * width] === 0 ? -1 : slot;
  }

  /** The value at a node that a step led to; -1 where no key ends there. */
  value(node: number): number {
    return (this.slots[node * width + 2] ?? 0) - 1;
  }

  /** The slot of an edge, or the empty one where it belongs. */
  private find(node: number, unit: number): number {
    const { slots, mask } = this;
    let slot = hash(node, unit) & mask;
    for (;;) {
      const parent = slots[slot * width];
      if (parent === 0) return slot;
      if (parent === node + 1 && slots[slot * width + 1] === unit) return slot;
      slot = (slot + 1) & mask;
    }
  }
}

function hash(node: number, unit: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
