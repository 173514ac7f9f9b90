import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  PutRecordsCommand,
  SplitShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import type { KinesisStreamEvent } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type LocalClients, localClients } from '#local/cloud/clients.ts';
import { fileCheckpoints } from '#local/event-source-mapping/checkpoints.ts';
import {
  type EventSourceMapping,
  startEventSourceMapping,
} from '#local/event-source-mapping/event-source-mapping.ts';
import { openSource } from '#local/event-source-mapping/source.ts';
import type { Invocation } from '#local/lambda/invocation.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import type { LocalService } from '#local/services/local-service.ts';
import { type MappingSettings, parseSettings } from '#shared/settings.ts';

const running: EventSourceMapping[] = [];
let service: LocalService;
let clients: LocalClients;
let client: LocalClients['kinesis'];
let directory = '';
let streamName = '';
let streamArn = '';
let streams = 0;

beforeAll(async () => {
  service = await startKinesis();
  const { endpoint } = service;
  clients = localClients({
    kinesis: endpoint,
    dynamodb: endpoint,
    cloudwatch: endpoint,
    s3: endpoint,
  });
  client = clients.kinesis;
});
afterAll(async () => {
  clients.destroy();
  await service.close();
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanstream-mapping-'));
  streams += 1;
  streamName = `text-${streams}`;
  await client.send(new CreateStreamCommand({ StreamName: streamName, ShardCount: 2 }));
  await settled();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((mapping) => mapping.close()));
  await rm(directory, { recursive: true });
});

async function settled(): Promise<void> {
  await waitUntilStreamExists(
    { client, maxWaitTime: 10, minDelay: 0.05, maxDelay: 0.1 },
    { StreamName: streamName },
  );
  const { StreamDescription } = await client.send(
    new DescribeStreamCommand({ StreamName: streamName }),
  );
  streamArn = StreamDescription?.StreamARN ?? '';
}

async function put(from: number, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  const { FailedRecordCount } = await client.send(
    new PutRecordsCommand({
      StreamName: streamName,
      Records: numbers.map((number) => ({
        Data: Buffer.from(JSON.stringify({ number })),
        PartitionKey: `key-${number % 7}`,
      })),
    }),
  );
  expect(FailedRecordCount).toBe(0);
}

const numbersOf = (event: KinesisStreamEvent): number[] =>
  event.Records.map(
    ({ kinesis }) => JSON.parse(Buffer.from(kinesis.data, 'base64').toString()).number,
  );

async function start(
  handle: (event: KinesisStreamEvent, numbers: number[]) => unknown,
  settings: Partial<MappingSettings> = {},
) {
  const seen: number[] = [];
  const events: KinesisStreamEvent[] = [];
  const parked: number[] = [];
  const mapping = startEventSourceMapping({
    source: await openSource(streamArn, clients),
    functionArn: 'arn:function',
    checkpoints: fileCheckpoints(join(directory, 'checkpoints')),
    pollIntervalMs: 10,
    shardSyncMs: 50,
    backoff: { baseMs: 2, capMs: 10 },
    onFailure: async (_key, { payload }) => void parked.push(...numbersOf(JSON.parse(payload))),
    invoke: async (payload): Promise<Invocation> => {
      const event = payload as KinesisStreamEvent;
      events.push(event);
      seen.push(...numbersOf(event));
      const answer = await handle(event, numbersOf(event));
      return answer instanceof Error
        ? { ok: false, requestId: 'r', kind: 'error', errorType: 'Error', errorMessage: 'no' }
        : { ok: true, requestId: 'r', payload: answer };
    },
    settings: {
      ...parseSettings({}).inference.mapping,
      batchSize: 20,
      batchingWindowSeconds: 0,
      maximumRetryAttempts: 1,
      ...settings,
    },
  });
  running.push(mapping);
  return { mapping, seen, events, parked };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
const untilIdle = (mapping: EventSourceMapping) => {
  const since = Date.now();
  return vi.waitFor(() => expect(mapping.idle(since)).toBe(true), { timeout: 20_000, interval: 5 });
};

it('delivers each record once, records of one shard together', async () => {
  const { mapping, seen, events } = await start(() => null);
  await put(0, 150);
  const before = Date.now();
  await untilIdle(mapping);
  await put(150, 5);
  await untilIdle(mapping);

  expect(sorted(seen)).toEqual(upTo(155));
  const arrival = events[0]?.Records[0]?.kinesis.approximateArrivalTimestamp ?? 0;
  expect(Math.abs(arrival * 1_000 - before)).toBeLessThan(5_000);
  for (const { Records } of events) {
    expect(new Set(Records.map(({ eventID }) => eventID.split(':')[0])).size).toBe(1);
  }
});

it('settles every record once while the function fails in every way it can', async () => {
  await put(0, 300);
  let calls = 0;
  const acknowledged: number[] = [];

  const { mapping, parked } = await start(
    (event, numbers) => {
      calls += 1;
      if (numbers.includes(137)) return new Error('poison');
      if (calls % 5 === 1) return new Error('crash');
      if (calls % 5 === 2) return 'ok';
      if (calls % 5 === 3 && numbers.length > 1) {
        const place = calls % numbers.length;
        acknowledged.push(...numbers.slice(0, place));
        const itemIdentifier = event.Records[place]?.kinesis.sequenceNumber;
        return { batchItemFailures: [{ itemIdentifier }] };
      }
      acknowledged.push(...numbers);
      return { batchItemFailures: [] };
    },
    { maximumRetryAttempts: 8 },
  );
  await untilIdle(mapping);

  expect(parked).toEqual([137]);
  expect(sorted(acknowledged)).toEqual(upTo(300).filter((number) => number !== 137));
});

it('goes on after a restart, with nothing lost', async () => {
  await put(0, 200);
  const first = await start((_, numbers) =>
    numbers.some((n) => n > 120) ? new Promise(() => undefined) : null,
  );
  await vi.waitFor(() =>
    expect(first.mapping.lag().shards.some((s) => s.acknowledged > 0)).toBe(true),
  );
  await first.mapping.close({ graceMs: 0 });
  const acknowledged = first.mapping.lag().shards.reduce((sum, s) => sum + s.acknowledged, 0);

  const second = await start(() => null);
  await untilIdle(second.mapping);

  expect(sorted(new Set([...first.seen, ...second.seen]))).toEqual(upTo(200));
  expect(second.seen).toHaveLength(200 - acknowledged);
});

it('follows a split: the children after their parent, nothing lost', async () => {
  await put(0, 60);
  const { mapping, seen, events } = await start(() => null);
  await untilIdle(mapping);
  await client.send(
    new SplitShardCommand({
      StreamName: streamName,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: (2n ** 126n).toString(),
    }),
  );
  await settled();
  await put(60, 60);
  await vi.waitFor(
    () => expect(mapping.lag().shards.filter(({ ended }) => ended)).toHaveLength(1),
    { timeout: 10_000 },
  );
  await untilIdle(mapping);

  expect(sorted(seen)).toEqual(upTo(120));
  const shards = new Set(
    events.flatMap(({ Records }) => Records.map((r) => r.eventID.split(':')[0])),
  );
  expect(shards.size).toBeGreaterThan(2);
});

it('finds the first records of a shard that was read while it was empty', async () => {
  const { mapping, seen } = await start(() => null);
  await untilIdle(mapping);

  await put(0, 30);
  await untilIdle(mapping);

  expect(sorted(seen)).toEqual(upTo(30));
});
