import { IntegerList } from '../text-buffer.ts';
import { MergeQueue, positionOf, rankOf } from './merge-queue.ts';
import type { MergeTable } from './merge-table.ts';

const removed = -1;

/** The symbols of one word, which merge into tokens: a list that is linked both ways, so that a merge takes constant time. */
export class Symbols {
  readonly ids = new IntegerList();
  readonly starts = new IntegerList();
  readonly ends = new IntegerList();
  /** UTF-8 bytes that each stands for. */
  readonly bytes = new IntegerList();
  private readonly previous = new IntegerList();
  private readonly next = new IntegerList();
  private readonly queue = new MergeQueue();

  get length(): number {
    return this.ids.length;
  }

  clear(): void {
    for (const list of [this.ids, this.starts, this.ends, this.bytes, this.previous, this.next]) {
      list.length = 0;
    }
  }

  add(id: number, start: number, end: number, bytes: number): void {
    this.previous.push(this.length - 1);
    this.next.push(this.length + 1);
    this.ids.push(id);
    this.starts.push(start);
    this.ends.push(end);
    this.bytes.push(bytes);
  }

  /** Whether a symbol is still there after `mergeAll`. */
  has(index: number): boolean {
    return this.ids.values[index] !== removed;
  }

  /** Merges what merges, the lowest rank first, of equal ones the leftmost. */
  mergeAll(merges: MergeTable): void {
    const { ids, ends, bytes, previous, next, queue, length } = this;
    for (let i = 0; i + 1 < length; i++) this.offer(merges, i);
    for (let key = queue.take(); key !== -1; key = queue.take()) {
      const left = positionOf(key);
      const right = next.values[left] ?? 0;
      const id = ids.values[left] ?? 0;
      if (id === removed || right >= length) continue;
      const found = merges.find(id, ids.values[right] ?? 0);
      // What was offered may have merged with another since.
      if (found === -1 || merges.rankAt(found) !== rankOf(key)) continue;
      ids.values[left] = merges.madeAt(found);
      ends.values[left] = ends.values[right] ?? 0;
      bytes.values[left] = (bytes.values[left] ?? 0) + (bytes.values[right] ?? 0);
      ids.values[right] = removed;
      const after = next.values[right] ?? 0;
      next.values[left] = after;
      if (after < length) previous.values[after] = left;
      const before = previous.values[left] ?? 0;
      if (before >= 0) this.offer(merges, before);
      if (after < length) this.offer(merges, left);
    }
  }

  private offer(merges: MergeTable, left: number): void {
    const { ids, next } = this;
    const found = merges.find(ids.values[left] ?? 0, ids.values[next.values[left] ?? 0] ?? 0);
    if (found !== -1) this.queue.add(merges.rankAt(found), left);
  }
}
