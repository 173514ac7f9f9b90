import { createHash } from 'node:crypto';
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { messageOf, SpanstreamError } from '#shared/errors.ts';
import { backoffDelay, isThrottle, isUnavailable, statusOf, wait } from '#shared/retry.ts';

const RANGE_BYTES = 8 * 1024 * 1024;
const RANGE_ATTEMPTS = 4;
const BACKOFF = { baseMs: 200, capMs: 5_000 };

/** What is known of an object before it is read. */
export interface ObjectInfo {
  readonly etag: string;
  readonly size: number;
  /** ISO 8601 in UTC with milliseconds. */
  readonly lastModified: string;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** Source of records that name none: the object's metadata of that name. */
  readonly source?: string | undefined;
}

/** An object that cannot be read, now or later. */
export class UnreadableObjectError extends SpanstreamError {
  constructor(message: string, options?: ErrorOptions) {
    super('unreadable-object', message, options);
  }
}

/** An object whose content was replaced while it was read. */
export class ObjectChangedError extends SpanstreamError {
  constructor(options?: ErrorOptions) {
    super('object-changed', 'the object was replaced while it was read', options);
  }
}

/** Names an object's content: what ids of its records begin with. */
export const contentName = (key: string, etag: string): string =>
  createHash('sha256').update(`${key}\n${etag}`).digest('hex').slice(0, 24);

/** Reads the objects of a bucket. */
export interface ObjectReader {
  /** @throws {UnreadableObjectError} where it may not be read; undefined where it is not there */
  head(key: string): Promise<ObjectInfo | undefined>;
  /**
   * Reads an object range by range, so that no connection has to stay open for as long as its records take.
   *
   * @throws {UnreadableObjectError} where it is gone or may not be read, {@link ObjectChangedError} where it is another by now
   */
  read(
    key: string,
    head: Pick<ObjectInfo, 'etag' | 'size'>,
    offset: number,
  ): AsyncIterable<Uint8Array>;
}

/** Reads the objects of a bucket in S3. */
export function createObjectReader(client: S3Client, bucket: string): ObjectReader {
  async function readRange(Key: string, IfMatch: string, from: number): Promise<Uint8Array> {
    const Range = `bytes=${from}-${from + RANGE_BYTES - 1}`;
    for (let attempt = 0; ; attempt++) {
      try {
        // The client sends a call again, and not one whose answer broke off.
        const { Body } = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key, Range, IfMatch }),
        );
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      } catch (error) {
        if (statusOf(error) === 412) throw new ObjectChangedError({ cause: error });
        if (attempt + 1 >= RANGE_ATTEMPTS || !isUnavailable(error)) throw asUnreadable(error);
        await wait(backoffDelay(attempt, BACKOFF));
      }
    }
  }

  return {
    async head(Key) {
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key }));
        return {
          etag: head.ETag ?? '',
          size: head.ContentLength ?? 0,
          lastModified: (head.LastModified ?? new Date(0)).toISOString(),
          contentType: head.ContentType,
          contentEncoding: head.ContentEncoding,
          source: head.Metadata?.source,
        };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw asUnreadable(error);
      }
    },
    async *read(key, { etag, size }, offset) {
      for (let from = offset; from < size; from += RANGE_BYTES) {
        yield await readRange(key, etag, from);
      }
    },
  };
}

/** Tells an answer that stays the same from one that may be another the next time. */
function asUnreadable(error: unknown): unknown {
  const status = statusOf(error);
  const isOfKey = error instanceof Error && error.name.startsWith('KMS.') && !isThrottle(error);
  if (status === 404) {
    return new UnreadableObjectError('the object was deleted before it was read', { cause: error });
  }
  if (status !== 403 && !isOfKey) return error;
  const message = `S3 does not let it be read: ${messageOf(error)}`;
  return new UnreadableObjectError(message, { cause: error });
}
