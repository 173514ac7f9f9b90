import { hash } from 'node:crypto';

/** Digests of counted changes, one after the other, by the start of the ten seconds in which the changes were made, epoch seconds. */
export type Digests = Readonly<Record<string, string>>;

/** What names a change in every delivery. */
export interface Digested {
  readonly digest: string;
  /** Epoch milliseconds, the same in every delivery. */
  readonly createdAt: number;
}

/** 60 bits: among the 100,000 changes of ten busy seconds one is taken for another once in ten million million. */
const LENGTH = 10;
const BUCKET_SECONDS = 10;

/** A change's digest, of what it is called by. */
export const digestOf = (identity: string): string =>
  hash('sha256', identity, 'base64url').slice(0, LENGTH);

/** The start of the ten seconds in which a change was made, epoch seconds. */
export const bucketOf = ({ createdAt }: Digested): number =>
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
  // Nearly all of many digests are of other changes: three characters tell it, without a string of each.
  const beginnings = new Uint8Array(2 ** 18);
  for (const digest of left.keys()) beginnings[beginningOf(digest, 0)] = 1;
  for (const some of digests) {
    for (let at = 0; at < some.length; at += LENGTH) {
      if (beginnings[beginningOf(some, at)]) left.delete(some.slice(at, at + LENGTH));
    }
  }
  return [...left.values()];
}

/** A number under 2^18 of three characters; of others it may be the same. */
const beginningOf = (text: string, at: number): number =>
  ((text.charCodeAt(at) & 63) << 12) |
  ((text.charCodeAt(at + 1) & 63) << 6) |
  (text.charCodeAt(at + 2) & 63);
