import { randomUUID } from 'node:crypto';
import {
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { z } from 'zod';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { validate } from '#shared/contracts/validate.ts';
import { ABANDONED_BATCHES_PREFIX } from '#shared/names.ts';
import { statusOf } from '#shared/retry.ts';
import { failureReasons, parseFailure } from './parked-failure.ts';
import type { ListedFailure, Marker, RedriveDeps } from './types.ts';

const CONCURRENCY = 16;
const REJECTED_PREFIX = 'rejected/';
const MARKER_PREFIX = 'redriven/';

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

/** Object key of a failure's marker. */
export const markerKey = (key: string): string => `${MARKER_PREFIX}${key}`;

/** The failures bucket as a redrive sees it. Markers of one run carry its name, so that it knows its own again. */
export function createS3Failures(
  client: S3Client,
  bucket: string,
  { now = Date.now, run = randomUUID() }: { now?: () => number; run?: string } = {},
): Omit<RedriveDeps, 'send'> {
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
