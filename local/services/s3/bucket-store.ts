import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, openSync, renameSync, rmSync } from 'node:fs';
import { mkdir, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ServiceError } from '../operations.ts';

/** An error answer of S3. */
export function s3Error(code: string, statusCode: number, message: string): ServiceError {
  return new ServiceError(code, message, { statusCode });
}

/** The error of a request for an object that is not there. */
export const noSuchKey = () => s3Error('NoSuchKey', 404, 'The specified key does not exist.');

/** The error of a request for what S3 has and the stand-in has not. */
export const notImplemented = (what: string) =>
  s3Error('NotImplemented', 501, `what the request asks for is not implemented here: ${what}`);

/** What is known of an object beside its bytes. */
export interface ObjectHead {
  key: string;
  size: number;
  etag: string;
  /** Epoch milliseconds. */
  lastModified: number;
  /** Content-Type and the like, by lower-case header name. */
  headers: Record<string, string>;
  metadata: Record<string, string>;
  tags: Record<string, string>;
}

const HEAD_CHUNK_BYTES = 16 * 1024;

/** Bytes of an object, piece by piece. */
type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A part of an object: from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** An object's head, and how many bytes of its file it takes. */
interface Stored {
  head: ObjectHead;
  headBytes: number;
}

/**
 * Buckets as folders, objects as files: a line of JSON (the head), then the bytes, so that one rename puts both. All heads are
 * in memory, too. A file and its head are changed or looked up together, without a pause, so that nothing comes between.
 */
export type BucketStore = Awaited<ReturnType<typeof openBuckets>>;

/** Opens the buckets of a folder, after removing what a killed process left half-written. */
export async function openBuckets(directory: string) {
  const temporary = join(directory, '.writing');
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const buckets = new Map<string, Awaited<ReturnType<typeof loadBucket>>>();
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    buckets.set(entry.name, await loadBucket(join(directory, entry.name)));
  }

  const bucketOf = (name: string) => {
    const bucket = buckets.get(name);
    if (bucket !== undefined) return bucket;
    throw s3Error('NoSuchBucket', 404, 'The specified bucket does not exist');
  };
  const storedOf = (bucket: string, key: string) => {
    const stored = bucketOf(bucket).objects.get(key);
    if (stored !== undefined) return stored;
    throw noSuchKey();
  };
  const pathOf = (bucket: string, key: string) =>
    join(directory, bucket, createHash('sha256').update(key).digest('hex'));

  return {
    buckets: () => [...buckets.values()],
    bucketOf,
    headsOf: (bucket: string) => Array.from(bucketOf(bucket).objects.values(), ({ head }) => head),
    headOf: (bucket: string, key: string) => storedOf(bucket, key).head,
    /** Writes an object of these pieces, all of it, or nothing where `check` throws at what is there by then. */
    write: async (
      bucket: string,
      head: ObjectHead,
      pieces: Pieces,
      check: (current: ObjectHead | undefined) => void,
    ) => {
      const path = join(temporary, randomUUID());
      const line = `${JSON.stringify(head)}\n`;
      await writeFile(path, after(line, pieces));
      try {
        const { objects } = bucketOf(bucket);
        check(objects.get(head.key)?.head);
        renameSync(path, pathOf(bucket, head.key));
        objects.set(head.key, { head, headBytes: Buffer.byteLength(line) });
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    },
    /** Reads an object, or a part of it. */
    read: async (bucket: string, key: string, part?: ByteRange) => {
      const { head, headBytes } = storedOf(bucket, key);
      const { start, end } = part ?? { start: 0, end: head.size };
      if (start === end) return Buffer.alloc(0);
      const fd = openSync(pathOf(bucket, key), 'r');
      const range = { start: headBytes + start, end: headBytes + end - 1 };
      return await buffer(createReadStream('', { fd, ...range }));
    },
    /** Where the parts of an upload wait until it is completed. */
    uploadsOf: (bucket: string) => join(directory, '.uploads', bucketOf(bucket).name),
    remove: (bucket: string, key: string) => {
      if (!bucketOf(bucket).objects.delete(key)) return;
      rmSync(pathOf(bucket, key), { force: true });
    },
    create: async (name: string) => {
      if (buckets.has(name)) return;
      await mkdir(join(directory, name), { recursive: true });
      buckets.set(name, await loadBucket(join(directory, name)));
    },
    drop: async (name: string) => {
      if (bucketOf(name).objects.size > 0) {
        throw s3Error('BucketNotEmpty', 409, 'The bucket you tried to delete is not empty');
      }
      buckets.delete(name);
      await rmdir(join(directory, name));
    },
  };
}

async function* after(line: string, pieces: Pieces) {
  yield Buffer.from(line);
  yield* pieces;
}

async function loadBucket(path: string) {
  const objects = new Map<string, Stored>();
  for (const file of await readdir(path)) {
    const stored = await readHead(join(path, file));
    objects.set(stored.head.key, stored);
  }
  return { name: basename(path), createdAt: (await stat(path)).birthtimeMs, objects };
}

async function readHead(path: string): Promise<Stored> {
  let text = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: HEAD_CHUNK_BYTES })) {
    text = Buffer.concat([text, chunk]);
    const end = text.indexOf('\n');
    if (end >= 0) return { head: JSON.parse(text.toString('utf8', 0, end)), headBytes: end + 1 };
  }
  throw s3Error('InternalError', 500, 'a file holds no object');
}
