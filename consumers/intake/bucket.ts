import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { messageOf, SpanstreamError } from '#shared/errors.ts';
import { backoffDelay, isThrottle, isUnavailable, statusOf, wait } from '#shared/retry.ts';
import { type Report, reportKey, reportSchema } from './report.ts';

const RANGE_BYTES = 8 * 1024 * 1024;
const RANGE_ATTEMPTS = 4;
const BACKOFF = { baseMs: 200, capMs: 5_000 };

/** What is known of an object before it is read. */
export interface ObjectHead {
  readonly etag: string;
  readonly size: number;
  /** ISO 8601 in UTC with milliseconds. */
  readonly lastModified: string;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** Source of records that name none: the object's metadata of that name. */
  readonly source?: string | undefined;
}

/** A report as it lies in the bucket; the tag changes with every write. */
export interface StoredReport {
  /** Undefined where what lies there is none. */
  readonly report: Report | undefined;
  readonly tag: string;
}

/** The intake bucket as the function sees it. */
export interface IntakeBucket {
  readonly name: string;
  /** @throws {UnreadableObjectError} where it may not be read; undefined where it is not there */
  head(key: string): Promise<ObjectHead | undefined>;
  /**
   * Reads an object range by range, so that no connection has to stay open for as long as its records take.
   *
   * @throws {UnreadableObjectError} where it is gone or may not be read, {@link ObjectChangedError} where it is another by now
   */
  read(key: string, head: ObjectHead, offset: number): AsyncIterable<Uint8Array>;
  readReport(key: string): Promise<StoredReport | undefined>;
  /** Replaces the report of that tag, or writes the first; gives the new tag, or undefined where another run was first. */
  writeReport(key: string, report: Report, tag: string | undefined): Promise<string | undefined>;
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

/** The intake bucket in S3. */
export function createIntakeBucket(client: S3Client, name: string): IntakeBucket {
  const send = (input: { Key: string; Range?: string; IfMatch?: string }) =>
    client.send(new GetObjectCommand({ Bucket: name, ...input }));

  async function readRange(Key: string, IfMatch: string, from: number): Promise<Uint8Array> {
    const Range = `bytes=${from}-${from + RANGE_BYTES - 1}`;
    for (let attempt = 0; ; attempt++) {
      try {
        // The client sends a call again, and not one whose answer broke off.
        const { Body } = await send({ Key, Range, IfMatch });
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      } catch (error) {
        if (statusOf(error) === 412) throw new ObjectChangedError({ cause: error });
        if (attempt + 1 >= RANGE_ATTEMPTS || !isUnavailable(error)) throw asUnreadable(error);
        await wait(backoffDelay(attempt, BACKOFF));
      }
    }
  }

  return {
    name,
    async head(Key) {
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket: name, Key }));
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
    async readReport(key) {
      try {
        const { Body, ETag = '' } = await send({ Key: reportKey(key) });
        const text = (await Body?.transformToString()) ?? '';
        return { report: parseReport(text), tag: ETag };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
    async writeReport(key, report, tag) {
      const Body = JSON.stringify(report, undefined, 2);
      try {
        const { ETag = '' } = await client.send(
          new PutObjectCommand({
            Bucket: name,
            Key: reportKey(key),
            Body,
            ContentType: 'application/json',
            ...(tag === undefined ? { IfNoneMatch: '*' } : { IfMatch: tag }),
          }),
        );
        return ETag;
      } catch (error) {
        // 404: there is none of that tag, since it was deleted. 409: another is being written just now.
        if (![404, 409, 412].includes(statusOf(error) ?? 0)) throw error;
        // The client sends again where an answer was lost: what is there may be this very one.
        const { Body: there, ETag } = await send({ Key: reportKey(key) });
        return (await there?.transformToString()) === Body ? ETag : undefined;
      }
    },
  };
}

function parseReport(text: string): Report | undefined {
  try {
    return reportSchema.parse(parseJson(text));
  } catch {
    return undefined;
  }
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
