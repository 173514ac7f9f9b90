import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { ListStreamsCommand } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type LocalClients, localClients } from '#local/cloud/clients.ts';
import { fileCheckpoints } from '#local/event-source-mapping/checkpoints.ts';
import { startEventSourceMapping } from '#local/event-source-mapping/event-source-mapping.ts';
import { openSource } from '#local/event-source-mapping/source.ts';
import type { Invocation } from '#local/lambda/invocation.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import type { LocalService } from '#local/services/local-service.ts';
import { parseSettings } from '#shared/settings.ts';

let service: LocalService;
let clients: LocalClients;
let tables: LocalClients['dynamodb'];
let streams: LocalClients['streams'];
let directory = '';
let streamArn = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spanstream-mapping-'));
  service = await startDynamoDb({ streamShards: 2, shardRolloverRecords: 15 });
  const { endpoint } = service;
  clients = localClients({
    kinesis: endpoint,
    dynamodb: endpoint,
    cloudwatch: endpoint,
    s3: endpoint,
  });
  ({ dynamodb: tables, streams } = clients);
  await tables.send(
    new CreateTableCommand({
      TableName: 'results',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  await waitUntilTableExists(
    { client: tables, maxWaitTime: 10, minDelay: 0.05, maxDelay: 0.1 },
    { TableName: 'results' },
  );
  const { Streams } = await streams.send(new ListStreamsCommand({ TableName: 'results' }));
  streamArn = Streams?.[0]?.StreamArn ?? '';
});
afterAll(async () => {
  clients.destroy();
  await service.close();
  await rm(directory, { recursive: true });
});

async function putItems(from: number, count: number): Promise<void> {
  for (let start = from; start < from + count; start += 25) {
    const numbers = Array.from({ length: Math.min(25, from + count - start) }, (_, i) => start + i);
    await tables.send(
      new BatchWriteItemCommand({
        RequestItems: {
          results: numbers.map((number) => ({
            PutRequest: {
              Item: {
                pk: { S: `REC#${number}` },
                number: { N: String(number) },
                bytes: { B: Buffer.from([1, 2, 255]) },
                list: { L: [{ M: { deep: { B: Buffer.from('é') } } }, { NULL: true }] },
              },
            },
          })),
        },
      }),
    );
  }
}

it('follows a table through shards that roll over, in the shape of a DynamoDB event', async () => {
  await putItems(0, 100);
  const records: DynamoDBRecord[] = [];
  let calls = 0;
  const mapping = startEventSourceMapping({
    source: await openSource(streamArn, clients),
    functionArn: 'arn:function',
    checkpoints: fileCheckpoints(directory),
    pollIntervalMs: 10,
    shardSyncMs: 20,
    backoff: { baseMs: 2, capMs: 10 },
    invoke: async (payload): Promise<Invocation> => {
      const event = payload as DynamoDBStreamEvent;
      calls += 1;
      if (calls % 4 === 0) {
        return { ok: false, requestId: 'r', kind: 'crash', errorType: 'E', errorMessage: 'no' };
      }
      records.push(...event.Records);
      return { ok: true, requestId: 'r', payload: { batchItemFailures: [] } };
    },
    settings: {
      ...parseSettings({}).metrics.mapping,
      batchSize: 10,
      batchingWindowSeconds: 0,
    },
  });
  try {
    await tables.send(
      new UpdateItemCommand({
        TableName: 'results',
        Key: { pk: { S: 'REC#7' } },
        UpdateExpression: 'SET #n = :n',
        ExpressionAttributeNames: { '#n': 'number' },
        ExpressionAttributeValues: { ':n': { N: '700' } },
      }),
    );
    await putItems(100, 50);
    const since = Date.now();
    await vi.waitFor(() => expect(mapping.idle(since)).toBe(true), { timeout: 20_000 });
  } finally {
    await mapping.close();
  }

  expect(records).toHaveLength(151);
  expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(151);
  expect(mapping.lag().shards.filter(({ ended }) => ended).length).toBeGreaterThan(3);
  const modified = records.find(({ eventName }) => eventName === 'MODIFY');
  const image = {
    pk: { S: 'REC#7' },
    bytes: { B: 'AQL/' },
    list: { L: [{ M: { deep: { B: 'w6k=' } } }, { NULL: true }] },
  };
  expect(modified).toEqual({
    eventID: expect.any(String),
    eventName: 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: expect.any(Number),
      Keys: { pk: { S: 'REC#7' } },
      NewImage: { ...image, number: { N: '700' } },
      OldImage: { ...image, number: { N: '7' } },
      SequenceNumber: expect.stringMatching(/^\d+$/),
      SizeBytes: expect.any(Number),
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    eventSourceARN: streamArn,
  });
  const seconds = modified?.dynamodb?.ApproximateCreationDateTime ?? 0;
  expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60);
});
