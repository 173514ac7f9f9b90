import { type DynamoDBDocumentClient, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import { TTL_ATTRIBUTE } from '#shared/results-table/definition.ts';
import { bucketOf, type Digested, type Digests } from './digests.ts';

/** Keeps the digests for which the state has no room; what is written can be read at once. */
export interface DigestStore {
  /** Writes digests of the state, under its version: whoever does so again writes the same. */
  write(digests: Digests, version: number, now: number): Promise<void>;
  /**
   * All digests of the ten seconds in which each of some changes was made, and perhaps others.
   *
   * @param version of the state that was read before: whatever left it by then is found
   */
  read(changes: readonly Digested[], version: number): Promise<string[]>;
}

const HOUR_SECONDS = 3_600;
/** No change is delivered when it is 24 hours old. */
const MEMORY_SECONDS = 25 * HOUR_SECONDS;
const CALLS_AT_ONCE = 16;
const VERSION_DIGITS = 12;
/** Of the digests that were read so many characters are remembered, of the latest times: a minute of 10,000 changes a second. */
const MOST_REMEMBERED = 8_000_000;
const MOST_BUCKETS = 30;

const partitionOf = (bucket: number) =>
  `COUNTED#${Math.floor(bucket / HOUR_SECONDS) * HOUR_SECONDS}`;
/** Starts and versions are as long for all times, so that they sort by both; a colon comes after all versions. */
const startOf = (bucket: number) => String(bucket).padStart(10, '0');
const sortOf = (bucket: number, version: number) =>
  `${startOf(bucket)}#${String(version).padStart(VERSION_DIGITS, '0')}`;

/**
 * The digests as items of the metrics state table, one for each ten seconds and version of the state.
 *
 * An item never changes, and whoever has read a state finds all items of earlier versions: they are remembered, and of those
 * ten seconds only what is newer is read again.
 */
export function createDigestStore(client: DynamoDBDocumentClient, table: string): DigestStore {
  const limit = pLimit(CALLS_AT_ONCE);
  const memory = new Map<number, Remembered>();

  async function readRange({ from, to, since }: Range): Promise<[sk: string, digests: string][]> {
    const query = {
      TableName: table,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':pk': partitionOf(from),
        ':from': sortOf(from, since),
        ':to': `${startOf(to)}#:`,
      },
      ConsistentRead: true,
    };
    const items: [string, string][] = [];
    for await (const { Items = [] } of paginateQuery({ client }, query)) {
      for (const { sk, digests } of Items) items.push([sk, digests]);
    }
    return items;
  }

  return {
    async write(digests, version, now) {
      const expiresAt = Math.ceil(now / 1_000) + MEMORY_SECONDS;
      await limit.map(Object.entries(digests), ([start, some]) => {
        const bucket = Number(start);
        const key = { pk: partitionOf(bucket), sk: sortOf(bucket, version) };
        const Item = { ...key, digests: some, [TTL_ATTRIBUTE]: expiresAt };
        return client.send(new PutCommand({ TableName: table, Item }));
      });
    },
    async read(changes, version) {
      const asked = new Map<number, Remembered>();
      for (const bucket of [...new Set(changes.map(bucketOf))].sort((a, b) => a - b)) {
        const known = memory.get(bucket);
        // One of a later version is of a state that is no more.
        const usable = known && known.until <= version;
        asked.set(bucket, usable ? known : { until: 0, digests: new Map() });
      }
      const items = (await limit.map(rangesOf(asked), readRange)).flat();
      const found = items.map(([, digests]) => digests);
      for (const { digests } of asked.values()) found.push(...digests.values());
      for (const [sk, digests] of items) {
        const [bucket = 0, movedBy = 0] = sk.split('#').map(Number);
        if (movedBy < version) asked.get(bucket)?.digests.set(sk, digests);
      }
      for (const [bucket, { digests }] of asked) memory.set(bucket, { until: version, digests });
      forgetOldest(memory);
      return found;
    },
  };
}

/** What was read of ten seconds: all items of versions before `until`. */
interface Remembered {
  readonly until: number;
  readonly digests: Map<string, string>;
}

/** What one query is to read: all of some times of an hour, or of one time what is of a version and later ones. */
interface Range {
  readonly from: number;
  to: number;
  readonly since: number;
}

function rangesOf(asked: ReadonlyMap<number, Remembered>): Range[] {
  const ranges: Range[] = [];
  for (const [bucket, { until }] of asked) {
    const last = ranges.at(-1);
    const goesOn =
      until === 0 && last?.since === 0 && partitionOf(last.from) === partitionOf(bucket);
    if (goesOn) last.to = bucket;
    else ranges.push({ from: bucket, to: bucket, since: until });
  }
  return ranges;
}

function forgetOldest(memory: Map<number, Remembered>): void {
  let [size, count] = [0, 0];
  for (const [bucket, { digests }] of [...memory].sort(([a], [b]) => b - a)) {
    for (const some of digests.values()) size += some.length;
    count += 1;
    if (size > MOST_REMEMBERED || count > MOST_BUCKETS) memory.delete(bucket);
  }
}
