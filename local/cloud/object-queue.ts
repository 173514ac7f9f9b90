import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import type { S3EventRecord, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Invoke } from '#local/lambda/invocation.ts';
import type { ObjectCreated } from '#local/services/s3/request.ts';

/** How long a message that was not done waits for its next delivery; on AWS it is the queue's visibility time-out. */
const RETRY_MS = 5_000;
const REGION = 'us-east-1';

/** What an object queue is made of. */
export interface ObjectQueueOptions {
  readonly bucket: string;
  /** Objects whose keys begin with it are told of. */
  readonly prefix: string;
  readonly invoke: Invoke;
  readonly s3: S3Client;
  /** Most messages that are with the function at a time; 2 unless given. */
  readonly maximumConcurrency?: number;
}

/** Notifications of a bucket on their way to a function. */
export type ObjectQueue = ReturnType<typeof startObjectQueue>;

/**
 * Tells a function of objects as S3 does through a queue: at least once each, until it takes them for done. The queue itself
 * outlives nothing, since the objects do: when it starts, all that lie there are told of again.
 */
export function startObjectQueue(options: ObjectQueueOptions) {
  const { bucket, prefix, invoke, s3, maximumConcurrency = 2 } = options;
  const closing = new AbortController();
  // The latest word on a key is enough: the function looks at what lies there.
  const waiting = new Map<string, ObjectCreated>();
  const withFunction = new Set<string>();
  let listing = true;
  let doneAt = 0;

  function add(created: ObjectCreated): void {
    if (created.bucket !== bucket || !created.key.startsWith(prefix)) return;
    waiting.set(created.key, created);
    deliverNext();
  }
  function deliverNext(): void {
    for (const [key, created] of waiting) {
      if (withFunction.size >= maximumConcurrency || closing.signal.aborted) return;
      if (withFunction.has(key)) continue;
      waiting.delete(key);
      withFunction.add(key);
      void deliver(created).then((isDone) => {
        withFunction.delete(key);
        doneAt = Date.now();
        if (!isDone && !waiting.has(key)) waiting.set(key, created);
        deliverNext();
      });
    }
  }
  async function deliver(created: ObjectCreated): Promise<boolean> {
    const invocation = await invoke(queueEvent(created)).catch(() => undefined);
    const answer = invocation?.ok ? (invocation.payload as SQSBatchResponse | null) : undefined;
    if (answer !== undefined && !answer?.batchItemFailures?.length) return true;
    await delay(RETRY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    return false;
  }
  async function list(): Promise<void> {
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client: s3 },
      { Bucket: bucket, Prefix: prefix },
    )) {
      for (const { Key: key = '', Size: size = 0, ETag: etag = '' } of Contents) {
        if (!waiting.has(key)) add({ event: 'Put', bucket, key, size, etag });
      }
    }
  }
  void list()
    .catch(() => undefined)
    .finally(() => {
      listing = false;
    });

  return {
    add,
    /** Since when nothing waits and nothing is with the function (epoch milliseconds, 0 for always); undefined while something does. */
    idleSince: () =>
      !listing && waiting.size === 0 && withFunction.size === 0 ? doneAt : undefined,
    /** Delivers nothing more, and waits for what is with the function no longer. */
    close: () => closing.abort(),
  };
}

/** A notification of S3 as a queue delivers it. */
function queueEvent({ event, bucket, key, size, etag }: ObjectCreated): SQSEvent {
  const now = Date.now();
  const record = {
    ...{ eventVersion: '2.1', eventSource: 'aws:s3', awsRegion: REGION },
    ...{ eventTime: new Date(now).toISOString(), eventName: `ObjectCreated:${event}` },
    userIdentity: { principalId: 'local' },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': randomUUID(), 'x-amz-id-2': 'local' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'local',
      bucket: {
        name: bucket,
        ownerIdentity: { principalId: 'local' },
        arn: `arn:aws:s3:::${bucket}`,
      },
      object: {
        // As in the query of an address.
        key: encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'),
        size,
        eTag: etag.replaceAll('"', ''),
        sequencer: now.toString(16).padStart(18, '0').toUpperCase(),
      },
    },
  } satisfies S3EventRecord;
  const body = JSON.stringify({ Records: [record] });
  const message = {
    ...{ messageId: randomUUID(), receiptHandle: randomUUID(), body },
    attributes: {
      ...{ ApproximateReceiveCount: '1', SenderId: 'local', SentTimestamp: `${now}` },
      ApproximateFirstReceiveTimestamp: `${now}`,
    },
    messageAttributes: {},
    md5OfBody: createHash('md5').update(body).digest('hex'),
    ...{ eventSource: 'aws:sqs', awsRegion: REGION },
    eventSourceARN: `arn:aws:sqs:${REGION}:000000000000:${bucket}`,
  };
  return { Records: [message] };
}
