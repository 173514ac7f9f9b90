import type { KinesisStreamEvent } from 'aws-lambda';
import { createPace } from '#consumers/inference/pace.ts';
import { createSeenTexts } from '#consumers/inference/seen-texts.ts';
import type { InferenceDeps } from '#consumers/inference/types.ts';
import type { FailureObject } from '#shared/dead-letters/object.ts';
import type { GetBatch } from '#shared/results-table/get-items.ts';
import {
  fromStoredItem,
  type StoredItem,
  type TableItem,
} from '#shared/results-table/stored-item.ts';
import { createResultsWriter, type PutBatch } from '#shared/results-table/write-items.ts';
import { createTextEngineDouble } from '#test/shared/nlp/text-engine-double.ts';

export const silentLog = { debug() {}, info() {}, warn() {}, error() {} };

/** The text engine's double, which keeps the engine's contract. */
export const createTestEngine = createTextEngineDouble;

/** A results table in memory; `fault` may throw or leave items unprocessed. */
export function createTestTable(fault: (items: readonly StoredItem[]) => StoredItem[] = () => []) {
  const stored = new Map<string, StoredItem>();
  const inserts: TableItem[] = [];
  /** Keys of each read. */
  const reads: number[] = [];
  const putBatch: PutBatch = async (items) => {
    const keys = new Set(items.map((item) => `${item.pk}|${item.sk}`));
    if (keys.size < items.length || items.length > 25) {
      throw Object.assign(new Error('duplicates or too many'), {
        name: 'ValidationException',
        $metadata: { httpStatusCode: 400 },
      });
    }
    const unprocessed = fault(items);
    for (const item of items) {
      if (unprocessed.includes(item)) continue;
      const key = `${item.pk}|${item.sk}`;
      const read = fromStoredItem(item);
      if (read && !stored.has(key)) inserts.push(read);
      stored.set(key, item);
    }
    return unprocessed;
  };
  const getBatch: GetBatch = async (keys) => {
    const names = new Set(keys.map(({ pk, sk }) => `${pk}|${sk}`));
    if (names.size < keys.length || keys.length > 100) throw new Error('ValidationException');
    reads.push(keys.length);
    const items = [...names].map((name) => stored.get(name)).filter((item) => item !== undefined);
    return { items, unprocessed: [] };
  };
  const items = () =>
    [...stored.values()].map((item) => fromStoredItem(item)).filter((item) => item !== undefined);
  return { putBatch, getBatch, inserts, reads, items };
}

/** A failures bucket in memory: the first object of a key stays. */
export function createTestBucket(fault: (key: string) => void = () => {}) {
  const objects = new Map<string, FailureObject>();
  return {
    objects,
    async putFailure(key: string, object: FailureObject) {
      fault(key);
      if (!objects.has(key)) objects.set(key, object);
    },
  };
}

/** Everything the inference consumer needs, in memory. */
export function createTestDeps(
  overrides: Partial<InferenceDeps> = {},
  hooks?: Parameters<typeof createTestEngine>[0],
) {
  const table = createTestTable();
  const bucket = createTestBucket();
  const { engine, jobs } = createTestEngine(hooks);
  const deps: InferenceDeps = {
    engine,
    writer: createResultsWriter({ putBatch: table.putBatch }),
    getBatch: table.getBatch,
    putFailure: bucket.putFailure,
    pace: createPace(),
    seen: createSeenTexts(0),
    options: { storeText: true, retentionDays: 0 },
    standing: { questions: {}, tasks: {}, languages: {} },
    log: silentLog,
    now: Date.now,
    ...overrides,
  };
  return { deps, table, bucket, jobs };
}

/** A Kinesis batch of these blobs, numbered from 1001. */
export function kinesisEvent(
  blobs: readonly (Uint8Array | string)[],
  first = 1001,
): KinesisStreamEvent {
  return {
    Records: blobs.map((blob, index) => ({
      awsRegion: 'eu-west-1',
      eventID: `shardId-000000000000:${first + index}`,
      eventName: 'aws:kinesis:record',
      eventSource: 'aws:kinesis',
      eventSourceARN: 'arn:aws:kinesis:eu-west-1:000000000000:stream/text',
      eventVersion: '1.0',
      invokeIdentityArn: '',
      kinesis: {
        approximateArrivalTimestamp: 1_760_000_000 + index / 1000,
        data: Buffer.from(blob as string).toString('base64'),
        kinesisSchemaVersion: '1.0',
        partitionKey: `key-${index}`,
        sequenceNumber: String(first + index),
      },
    })),
  };
}

/** A text record as JSON. */
export const textRecord = (id: string, text = `Ada met ${id}`, more: object = {}): string =>
  JSON.stringify({ id, text, ...more });
