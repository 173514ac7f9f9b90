import { createHash } from 'node:crypto';

/** The lane of a partition key, 0 to `lanes` - 1: always the same one, so that a key's records keep their order. */
function laneOf(partitionKey: string, lanes: number): number {
  if (lanes === 1) return 0;
  return createHash('md5').update(partitionKey).digest().readUInt32BE(0) % lanes;
}

/** Deals records out to lanes, each lane in the order of the shard. */
export function assignPartitions<T extends { readonly partitionKey: string }>(
  records: readonly T[],
  lanes: number,
): T[][] {
  const dealt: T[][] = Array.from({ length: lanes }, () => []);
  for (const record of records) dealt[laneOf(record.partitionKey, lanes)]?.push(record);
  return dealt;
}
