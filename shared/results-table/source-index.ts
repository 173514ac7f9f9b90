import { createHash } from 'node:crypto';
import { SOURCE_INDEX_SLOTS } from '#shared/names.ts';

/** Index partition of one slot of a source. */
export function sourceKeyOf(source: string, slot: number): string {
  return `SRC#${source}#${slot}`;
}

/** Slot of a record: the same for the same id. */
export function slotOf(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE(0) % SOURCE_INDEX_SLOTS;
}

/** Index sort key: by arrival, then unique within the index. */
export function sourceOrderOf(arrivedAt: string, id: string, sk: string): string {
  return `${arrivedAt}#${id}#${sk}`;
}
