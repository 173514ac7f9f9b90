import { markerKey, REJECTED_PREFIX } from '#shared/dead-letters/object.ts';
import { ABANDONED_BATCHES_PREFIX } from '#shared/names.ts';
import type { LoadS3 } from './lazy-clients.ts';

/** An object of the failures bucket. */
export interface ParkedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** ISO 8601. */
  readonly parkedAt: string;
}

/** The failures bucket as the HTTP function reads it; each call ends with its signal. */
export interface ParkedObjects {
  /** What is parked, so many objects at most, in no order; and whether that is all. */
  list(
    most: number,
    signal: AbortSignal,
  ): Promise<{ readonly objects: readonly ParkedObject[]; readonly isAll: boolean }>;
  /** What an object holds. */
  read(key: string, signal: AbortSignal): Promise<string>;
  /** When a redrive took an object last, ISO 8601; undefined where none did. */
  redrivenAt(key: string, signal: AbortSignal): Promise<string | undefined>;
}

/** The S3 adapter. */
export function createParkedObjects(Bucket: string, load: LoadS3): ParkedObjects {
  return {
    async list(most, abortSignal) {
      const { client, paginateListObjectsV2 } = await load();
      const objects: ParkedObject[] = [];
      for (const Prefix of [ABANDONED_BATCHES_PREFIX, REJECTED_PREFIX]) {
        const pages = paginateListObjectsV2({ client }, { Bucket, Prefix }, { abortSignal });
        for await (const { Contents = [] } of pages) {
          for (const { Key: key = '', Size: size = 0, LastModified } of Contents) {
            if (objects.length === most) return { objects, isAll: false };
            const parkedAt = (LastModified ?? new Date(0)).toISOString();
            objects.push({ key, size, parkedAt });
          }
        }
      }
      return { objects, isAll: true };
    },
    async read(Key, abortSignal) {
      const { client, GetObjectCommand } = await load();
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal });
      return (await Body?.transformToString()) ?? '';
    },
    async redrivenAt(key, abortSignal) {
      const { client, ListObjectsV2Command } = await load();
      // By a list, which unlike a look at the object needs no right to read it.
      const { Contents: [marker] = [] } = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: markerKey(key), MaxKeys: 1 }),
        { abortSignal },
      );
      return marker?.Key === markerKey(key) ? marker.LastModified?.toISOString() : undefined;
    },
  };
}
