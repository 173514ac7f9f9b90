import { createHash, randomUUID } from 'node:crypto';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ServiceError } from '../operations.ts';
import { createTurns } from '../turns.ts';

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

/** Buckets as folders, objects as files: a line of JSON (the head), then the bytes, so that one rename puts both. */
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
  const inTurn = createTurns();

  const bucketOf = (name: string) => {
    const bucket = buckets.get(name);
    if (bucket !== undefined) return bucket;
    throw s3Error('NoSuchBucket', 404, 'The specified bucket does not exist');
  };
  const headOf = (bucket: string, key: string) => {
    const head = bucketOf(bucket).objects.get(key);
    if (head !== undefined) return head;
    throw noSuchKey();
  };
  const pathOf = (bucket: string, key: string) =>
    join(directory, bucket, createHash('sha256').update(key).digest('hex'));

  return {
    buckets: () => [...buckets.values()],
    bucketOf,
    headOf,
    /** Lets changes of one object happen one after another. */
    inTurn: <T>(bucket: string, key: string, task: () => Promise<T>) =>
      inTurn(`${bucket}/${key}`, task),
    /** Writes an object of these pieces, all of it or nothing. */
    write: async (bucket: string, head: ObjectHead, pieces: Pieces) => {
      const path = join(temporary, randomUUID());
      await writeFile(path, withHead(head, pieces));
      await rename(path, pathOf(bucket, head.key));
      bucketOf(bucket).objects.set(head.key, head);
    },
    /** Reads an object, or the part of it that is chosen by its head. */
    read: async (bucket: string, key: string, choose?: (head: ObjectHead) => ByteRange) => {
      headOf(bucket, key);
      const file = await open(pathOf(bucket, key)).catch((error: unknown) => {
        // It may have been deleted meanwhile.
        headOf(bucket, key);
        throw error;
      });
      try {
        const { head, headBytes } = await readHead(file);
        const { start, end } = choose?.(head) ?? { start: 0, end: head.size };
        const bytes = Buffer.alloc(end - start);
        await file.read(bytes, 0, bytes.length, headBytes + start);
        return { head, bytes };
      } finally {
        await file.close();
      }
    },
    /** Where the parts of an upload wait until it is completed. */
    uploadsOf: (bucket: string) => join(directory, '.uploads', bucketOf(bucket).name),
    remove: async (bucket: string, key: string) => {
      if (!bucketOf(bucket).objects.delete(key)) return;
      await rm(pathOf(bucket, key), { force: true });
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

async function* withHead(head: ObjectHead, pieces: Pieces) {
  yield Buffer.from(`${JSON.stringify(head)}\n`);
  yield* pieces;
}

async function loadBucket(path: string) {
  const objects = new Map<string, ObjectHead>();
  for (const file of await readdir(path)) {
    const opened = await open(join(path, file));
    const { head } = await readHead(opened).finally(() => opened.close());
    objects.set(head.key, head);
  }
  return { name: basename(path), createdAt: (await stat(path)).birthtimeMs, objects };
}

async function readHead(file: FileHandle): Promise<{ head: ObjectHead; headBytes: number }> {
  let text = Buffer.alloc(0);
  for (;;) {
    const { bytesRead, buffer } = await file.read(
      Buffer.alloc(HEAD_CHUNK_BYTES),
      0,
      null,
      text.length,
    );
    if (bytesRead === 0) throw s3Error('InternalError', 500, 'a file holds no object');
    text = Buffer.concat([text, buffer.subarray(0, bytesRead)]);
    const end = text.indexOf('\n');
    if (end >= 0) return { head: JSON.parse(text.toString('utf8', 0, end)), headBytes: end + 1 };
  }
}
