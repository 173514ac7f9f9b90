import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AttributeValue, CreateTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import type { DynamoDBStreamEvent, KinesisStreamEvent } from 'aws-lambda';
import { localClients } from '#local/cloud/clients.ts';
import { fileCheckpoints } from '#local/event-source-mapping/checkpoints.ts';
import { startEventSourceMapping } from '#local/event-source-mapping/event-source-mapping.ts';
import type { InvocationRecord } from '#local/event-source-mapping/invocation-record.ts';
import type { EventSourceMappingSettings } from '#local/event-source-mapping/options.ts';
import { openSource } from '#local/event-source-mapping/source.ts';
import type { Invocation } from '#local/lambda/invocation.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { uniqueName } from '../support/adapter.ts';
import { waitFor } from '../support/wait-for.ts';

const directory = await mkdtemp(join(tmpdir(), 'spanstream-recorded-'));
/** How far the clock of services and mappings is put forward: some facts are about old records. */
export const clock = { aheadMs: 0 };
const now = () => Date.now() + clock.aheadMs;

const endpoints = { kinesis: '', dynamodb: '', cloudwatch: '', s3: '' };
export const ours = {
  name: 'our own',
  start: async () => {
    const started = [
      await startKinesis({ now }),
      await startDynamoDb({ now, streamShards: 1 }),
    ] as const;
    Object.assign(endpoints, { kinesis: started[0].endpoint, dynamodb: started[1].endpoint });
    return {
      close: async () => {
        await Promise.all(started.map((service) => service.close()));
        await rm(directory, { recursive: true });
      },
    };
  },
};

export function connect() {
  const clients = localClients(endpoints);
  return { ...clients, destroy: async () => clients.destroy() };
}
export type Connection = ReturnType<typeof connect>;
export type Event = KinesisStreamEvent | DynamoDBStreamEvent;

/** A stream of one shard that holds such texts. */
export async function streamOf({ kinesis }: Connection, texts: readonly string[]) {
  const StreamName = uniqueName('recorded');
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  const put = (more: readonly string[]) =>
    kinesis.send(
      new PutRecordsCommand({
        StreamName,
        Records: more.map((text, at) => ({ Data: Buffer.from(text), PartitionKey: `test_${at}` })),
      }),
    );
  await put(texts);
  return { arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`, put };
}

/** The stream, of new images, of a table that such items were put into. */
export async function tableStreamOf(
  { dynamodb }: Connection,
  items: readonly Record<string, AttributeValue>[],
) {
  const TableName = uniqueName('recorded');
  const { TableDescription } = await dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'my_partition_key', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'my_partition_key', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  for (const Item of items) await dynamodb.send(new PutItemCommand({ TableName, Item }));
  return { arn: TableDescription?.LatestStreamArn ?? '' };
}

/** The data of an event's records, or the keys of its items. */
export const textsOf = ({ Records }: Event): string[] =>
  Records.map((record) =>
    'kinesis' in record
      ? Buffer.from(record.kinesis.data, 'base64').toString()
      : (record.dynamodb?.Keys?.my_partition_key?.S ?? ''),
  );

let mappings = 0;

/** What came of mapping a stream to a function, which returns what `answer` does or, where that is an error, fails. */
export async function outcomeOf(
  connection: Connection,
  arn: string,
  settings: EventSourceMappingSettings,
  answer: (texts: readonly string[], event: Event) => unknown,
) {
  const events: Event[] = [];
  const parked: InvocationRecord[] = [];
  mappings += 1;
  const mapping = startEventSourceMapping({
    source: await openSource(arn, connection),
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:recorded',
    checkpoints: fileCheckpoints(join(directory, String(mappings))),
    ...{ settings, now, pollIntervalMs: 5, shardSyncMs: 20, backoff: { baseMs: 1, capMs: 4 } },
    onFailure: async (_key, record) => void parked.push(record),
    invoke: async (payload): Promise<Invocation> => {
      const event = payload as Event;
      events.push(event);
      const given = answer(textsOf(event), event);
      return given instanceof Error
        ? { ok: false, requestId: 'r', kind: 'error', errorType: 'Error', errorMessage: 'no' }
        : { ok: true, requestId: 'r', payload: given };
    },
  });
  await waitFor(async () => mapping.idle(), { what: 'all to be settled' });
  await mapping.close();
  return { events, deliveries: events.map(textsOf), parked };
}
