import { randomUUID } from 'node:crypto';
import {
  GetObjectCommand,
  ListBucketsCommand,
  NoSuchKey,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import * as z from 'zod';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { type FailureReason, failureReasons } from '#shared/contracts/rejection.ts';
import { validate } from '#shared/contracts/validate.ts';
import { ConfigurationError } from '#shared/errors.ts';
import { ABANDONED_BATCHES_PREFIX } from '#shared/names.ts';
import { statusOf } from '#shared/retry.ts';
import {
  MARKER_PREFIX,
  markerKey,
  type ParkedFailure,
  parseFailure,
  REJECTED_PREFIX,
} from './object.ts';

const CONCURRENCY = 16;

const markerSchema = z.object({
  version: z.literal(1),
  /** The object that it is about. */
  key: z.string(),
  reason: z.enum(failureReasons),
  /** The run that claimed it. */
  run: z.string(),
  claimedAt: z.string(),
  sentAt: z.string().optional(),
});

type MarkerBody = z.output<typeof markerSchema>;

/** What a marker object says of a failure: claimed, and sent where it has `sentAt`. */
export interface Marker {
  readonly reason: FailureReason;
  /** ISO 8601. */
  readonly claimedAt: string;
  /** ISO 8601; absent where nobody knows whether it was sent. */
  readonly sentAt?: string | undefined;
  /** What changes with every write of the marker. */
  readonly tag: string;
}

/** An object of the failures bucket, with its marker where it has one. */
export interface ListedFailure {
  readonly key: string;
  /** Bytes of the object. */
  readonly size: number;
  /** Epoch milliseconds. */
  readonly parkedAt: number;
  readonly marker?: Marker | undefined;
}

/** The failures bucket as a redrive sees it. */
export interface FailuresBucket {
  /** Everything parked, oldest first. */
  list(): Promise<readonly ListedFailure[]>;
  /** Reads one object; throws where it cannot be read or understood. */
  read(key: string): Promise<ParkedFailure>;
  /**
   * Claims an object before it is sent. False where another run was first: where a marker is there although none was
   * expected, or where it is no longer the one of `previousTag`.
   */
  putMarker(key: string, reason: FailureReason, previousTag?: string): Promise<boolean>;
  /** Says in the marker that the object was sent. */
  completeMarker(key: string, reason: FailureReason): Promise<void>;
}

/** A failures bucket in S3. Markers of one run carry its name, so that it knows its own again. */
export function createFailuresBucket(
  client: S3Client,
  bucket: string,
  { now = Date.now, run = randomUUID() }: { now?: () => number; run?: string } = {},
): FailuresBucket {
  const claims = new Map<string, string>();

  const list = async (prefix: string) => {
    const found: { key: string; size: number; parkedAt: number }[] = [];
    const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix });
    for await (const { Contents = [] } of pages) {
      for (const { Key: key = '', Size: size = 0, LastModified } of Contents) {
        found.push({ key, size, parkedAt: LastModified?.getTime() ?? now() });
      }
    }
    return found;
  };
  const get = async (key: string) => {
    const { Body, ETag = '' } = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key }),
    );
    return { text: (await Body?.transformToString()) ?? '', tag: ETag };
  };
  const put = (body: MarkerBody, condition: { IfNoneMatch?: '*'; IfMatch?: string }) =>
    client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: markerKey(body.key),
        Body: JSON.stringify(body),
        ContentType: 'application/json',
        ...condition,
      }),
    );
  const readMarker = async (key: string): Promise<(Marker & { run: string }) | undefined> => {
    try {
      const { text, tag } = await get(markerKey(key));
      return { ...validate(markerSchema, parseJson(text)), tag };
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw new Error(`the marker ${markerKey(key)} cannot be read`, { cause: error });
    }
  };

  return {
    async list() {
      const prefixes = [REJECTED_PREFIX, ABANDONED_BATCHES_PREFIX];
      const parked = (await Promise.all(prefixes.map(list))).flat();
      const marked = new Set((await list(MARKER_PREFIX)).map(({ key }) => key));
      const limit = pLimit(CONCURRENCY);
      const listed = await Promise.all(
        parked.map((object) =>
          limit(async (): Promise<ListedFailure> => {
            if (!marked.has(markerKey(object.key))) return object;
            return { ...object, marker: await readMarker(object.key) };
          }),
        ),
      );
      return listed.sort((one, other) => one.parkedAt - other.parkedAt);
    },
    async read(key) {
      return parseFailure(key, (await get(key)).text);
    },
    async putMarker(key, reason, previousTag) {
      const claimedAt = new Date(now()).toISOString();
      claims.set(key, claimedAt);
      try {
        const condition =
          previousTag === undefined ? { IfNoneMatch: '*' as const } : { IfMatch: previousTag };
        await put({ version: 1, key, reason, run, claimedAt }, condition);
        return true;
      } catch (error) {
        if (statusOf(error) !== 412) throw error;
        // The client sends again where an answer was lost: the marker that is there may be this very one.
        return (await readMarker(key))?.run === run;
      }
    },
    async completeMarker(key, reason) {
      const sentAt = new Date(now()).toISOString();
      const claimedAt = claims.get(key) ?? sentAt;
      await put({ version: 1, key, reason, run, claimedAt, sentAt }, {});
    },
  };
}

/**
 * Name of a deployment's failures bucket on AWS, where account and region are added to it.
 *
 * @throws {ConfigurationError} where there is none in the client's region, or more than one
 */
export async function findFailuresBucket(
  client: Pick<S3Client, 'send'>,
  name: string,
  region: string,
): Promise<string> {
  const { Buckets = [] } = await client.send(new ListBucketsCommand({ Prefix: `${name}-` }));
  const found = Buckets.map(({ Name }) => Name ?? '').filter((bucket) => {
    const rest = bucket.startsWith(`${name}-`) ? bucket.slice(name.length + 1) : '';
    return /^\d{12}-/.test(rest) && rest.slice(13) === region;
  });
  const [bucket, ...others] = found;
  if (bucket === undefined || others.length > 0) {
    const what = bucket === undefined ? 'no bucket' : 'more than one bucket';
    throw new ConfigurationError(
      `${what} is named ${name}-<account>-${region}: name the failures bucket with --bucket`,
    );
  }
  return bucket;
}
