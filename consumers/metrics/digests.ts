import { hash } from 'node:crypto';
import { type DynamoDBDocumentClient, PutCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import { TTL_ATTRIBUTE } from '#shared/results-table/definition.ts';

/** Digests of counted changes, one after the other, by the start of the ten seconds in which the changes were made, epoch seconds. */
export type Digests = Readonly<Record<string, string>>;

/** What names a change in every delivery. */
export interface Digested {
  readonly digest: string;
  /** Epoch milliseconds, the same in every delivery. */
  readonly createdAt: number;
}

/** Keeps the digests for which the state has no room; what is written can be read at once. */
export interface DigestStore {
  /** Writes digests of the state, under its version: whoever does so again writes the same. */
  write(digests: Digests, version: number, now: number): Promise<void>;
  /** All digests of the times that lie between the first and the last of some changes, hour by hour. */
  read(changes: readonly Digested[]): Promise<string[]>;
}

/** 60 bits: among the 100,000 changes of ten busy seconds one is taken for another once in ten million million. */
const LENGTH = 10;
const BUCKET_SECONDS = 10;
const HOUR_SECONDS = 3_600;
/** No change is delivered when it is 24 hours old. */
const MEMORY_SECONDS = 25 * HOUR_SECONDS;
const CALLS_AT_ONCE = 16;

/** A change's digest, of what it is called by. */
export const digestOf = (identity: string): string =>
  hash('sha256', identity, 'base64url').slice(0, LENGTH);

const bucketOf = ({ createdAt }: Digested): number =>
  Math.floor(createdAt / 1_000 / BUCKET_SECONDS) * BUCKET_SECONDS;

/** The moment before which all the changes were made, epoch milliseconds. */
export const endOf = (digests: Digests): number =>
  (Math.max(...Object.keys(digests).map(Number)) + BUCKET_SECONDS) * 1_000;

/** The digests, and those of some changes more. */
export function withDigests(digests: Digests, changes: readonly Digested[]): Digests {
  const all: Record<string, string> = { ...digests };
  for (const change of changes) {
    const bucket = bucketOf(change);
    all[bucket] = (all[bucket] ?? '') + change.digest;
  }
  return all;
}

/** The changes whose digests are not there, each once. */
export function withoutDigested<T extends Digested>(
  changes: readonly T[],
  digests: readonly string[],
): T[] {
  const left = new Map(changes.map((change) => [change.digest, change]));
  for (const some of digests) {
    for (let at = 0; at < some.length; at += LENGTH) left.delete(some.slice(at, at + LENGTH));
  }
  return [...left.values()];
}

const partitionOf = (bucket: number) =>
  `COUNTED#${Math.floor(bucket / HOUR_SECONDS) * HOUR_SECONDS}`;
const sortOf = (bucket: number, version: number | ':') =>
  // As long for every time, so that they sort by it; a colon comes after all versions.
  `${String(bucket).padStart(10, '0')}#${version}`;

/** The digests as items of the metrics state table, one for each ten seconds and version of the state. */
export function createDigestStore(client: DynamoDBDocumentClient, table: string): DigestStore {
  const limit = pLimit(CALLS_AT_ONCE);
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
    async read(changes) {
      const ranges = new Map<string, { from: number; to: number }>();
      for (const bucket of new Set(changes.map(bucketOf))) {
        const { from, to } = ranges.get(partitionOf(bucket)) ?? { from: bucket, to: bucket };
        ranges.set(partitionOf(bucket), { from: Math.min(from, bucket), to: Math.max(to, bucket) });
      }
      const found = await limit.map([...ranges], async ([partition, { from, to }]) => {
        const query = {
          TableName: table,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':pk': partition,
            ':from': sortOf(from, 0),
            ':to': sortOf(to, ':'),
          },
          ConsistentRead: true,
        };
        const some: string[] = [];
        for await (const { Items = [] } of paginateQuery({ client }, query)) {
          for (const { digests } of Items) some.push(digests);
        }
        return some;
      });
      return found.flat();
    },
  };
}
