import { fileURLToPath } from 'node:url';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { type Clients, clientsOf } from './support/clients.ts';
import { type Folders, makeFolders } from './support/folders.ts';

const settings = parseSettings({
  environmentName: 'slow',
  stream: { mode: 'provisioned', shards: 1 },
  inference: {
    timeoutSeconds: 10,
    mapping: { batchingWindowSeconds: 1, maximumRetryAttempts: 3 },
  },
});
const table = 'spanstream-slow-results';
const bucket = 'spanstream-slow-failures';
const bundledModels = fileURLToPath(new URL('../../models', import.meta.url));

/** Valid, and far more than the models read within the time-out. */
const slow = {
  id: 'slow',
  text: '!?'.repeat(51_200),
  questions: Array.from({ length: 8 }, (_, n) => `Who came as number ${n}?`),
};
const good = Array.from({ length: 20 }, (_, n) => ({
  id: `good-${n}`,
  text: `Ada Lovelace wrote letter ${n} to Charles Babbage in London.`,
  attributes: { constructor: 'x', toString: `${n}` },
}));
const records = [...good.slice(0, 7), slow, ...good.slice(7)];

describe('a valid record that no invocation has the time for', () => {
  let folders: Folders;
  let stack: LocalStack;
  let clients: Clients;
  beforeAll(async () => {
    folders = await makeFolders();
    stack = await startLocalStack({ ...folders, settings, modelsDirectory: bundledModels });
    clients = clientsOf(stack.environment);
  });
  afterAll(async () => {
    clients?.destroy();
    await stack?.close();
    await folders?.remove();
  });

  it('is parked with a reason of its own, and its neighbours have their results', async () => {
    await clients.kinesis.send(
      new PutRecordsCommand({
        StreamName: 'spanstream-slow-text',
        Records: records.map((record) => ({
          Data: Buffer.from(JSON.stringify(record)),
          PartitionKey: 'one',
        })),
      }),
    );

    const items = await waitFor(
      async () => {
        const { Items = [] } = await clients.dynamodb.send(new ScanCommand({ TableName: table }));
        const done = Items.filter(({ pending }) => pending === undefined);
        return done.length >= records.length && done;
      },
      { what: 'the results', timeoutMs: 150_000, everyMs: 250 },
    );

    const results = items.filter(({ pk }) => pk?.S?.startsWith('REC#'));
    expect(results.map(({ id }) => id?.S).sort()).toEqual(good.map(({ id }) => id).sort());
    expect(
      results.every(({ attributes }) =>
        JSON.stringify(attributes).includes('"constructor":{"S":"x"}'),
      ),
    ).toBe(true);
    const [rejection, ...others] = items.filter(({ pk }) => pk?.S?.startsWith('REJ#'));
    expect(others).toEqual([]);
    expect(rejection?.reason?.S).toBe('inference-timeout');
    const { Contents = [] } = await clients.s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(Contents.map(({ Key }) => Key)).toEqual([rejection?.failureKey?.S]);
    const parked = await clients.s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: rejection?.failureKey?.S }),
    );
    const object = JSON.parse((await parked.Body?.transformToString()) ?? '');
    expect(JSON.parse(Buffer.from(object.data, 'base64').toString())).toEqual(slow);
  });
});
