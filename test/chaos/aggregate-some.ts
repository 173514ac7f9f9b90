import { encodeAggregate } from '#shared/stream/aggregate.ts';
import type { ExpectedRecord, WorkloadRecord } from './workload.ts';

/** Of every so many records, those from `first` on make an aggregate, so far as they are small. */
const EVERY = 2_000;
const FIRST = 600;
const COUNT = 300;
const LARGEST_BYTES = 2_000;

/** Puts a few hundred small records of a workload together in one blob, each with its own fate. */
export function aggregateSome(drawn: readonly WorkloadRecord[]): WorkloadRecord[] {
  const groups = new Map<number, { readonly partitionKey: string; members: ExpectedRecord[] }>();
  const blobs: WorkloadRecord[] = [];
  for (const [index, { partitionKey, data, expected }] of drawn.entries()) {
    const at = (index % EVERY) - FIRST;
    const small = at >= 0 && at < COUNT && data.length <= LARGEST_BYTES;
    if (!small || isAggregated(expected)) {
      blobs.push({ partitionKey, data, expected });
      continue;
    }
    const number = Math.floor(index / EVERY);
    const group = groups.get(number) ?? { partitionKey, members: [] };
    groups.set(number, group);
    group.members.push({ data, expected });
  }
  for (const [number, { partitionKey, members }] of groups) {
    const data = encodeAggregate(members.map((member) => ({ partitionKey, data: member.data })));
    const blob = { partitionKey, data: Buffer.from(data), expected: members };
    blobs.splice(number * EVERY + FIRST, 0, blob);
  }
  return blobs;
}

/** How many records the blobs hold. */
export const recordsIn = (workload: readonly WorkloadRecord[]): number =>
  workload.reduce((sum, { expected }) => sum + (isAggregated(expected) ? expected.length : 1), 0);

/** Whether a blob is to become several records. */
export const isAggregated = (
  expected: WorkloadRecord['expected'],
): expected is readonly ExpectedRecord[] => Array.isArray(expected);
