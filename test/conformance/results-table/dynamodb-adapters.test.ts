import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStateStore, type MetricsState } from '#consumers/metrics/state.ts';
import {
  metricsStateTableDefinition,
  resultsTableDefinition,
} from '#shared/results-table/definition.ts';
import { createPutBatch } from '#shared/results-table/dynamodb-results.ts';
import { createQueryItems, createResultsReader } from '#shared/results-table/read-results.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { resultOf } from '#test/consumers/metrics/doubles.ts';

// The package has no type declarations.
const dynalite = createRequire(import.meta.url)('dynalite') as (options: object) => Server;
const server = dynalite({ createTableMs: 0 });
let client: DynamoDBClient;
let documents: DynamoDBDocumentClient;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  documents = DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true },
  });
  for (const [TableName, definition] of [
    ['results', resultsTableDefinition],
    ['state', metricsStateTableDefinition],
  ] as const) {
    await client.send(
      new CreateTableCommand(structuredClone({ TableName, ...definition }) as never),
    );
  }
});
afterAll(() => {
  client.destroy();
  server.close();
});

describe('the results table', () => {
  it('gives back what was written, by id and by source, page by page', async () => {
    const writer = createResultsWriter({ putBatch: createPutBatch(documents, 'results') });
    const reader = createResultsReader(createQueryItems(documents, 'results'));
    const items = Array.from({ length: 60 }, (_, index) => resultOf(index));

    const outcomes = await writer.write(items, Date.now() + 20_000);

    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['stored']));
    expect(await reader.byId('r7')).toEqual([items[7]]);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await reader.bySource({ source: 'news', limit: 25, cursor });
      seen.push(...page.results.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor);
    expect(seen.sort()).toEqual(items.map((item) => ('id' in item ? item.id : '')).sort());
  });
});

describe('the metrics state', () => {
  it('is replaced only by whoever saw its last version', async () => {
    const store = createStateStore(documents, 'state');
    const first: MetricsState = { version: 1, publicationNumber: 5, shards: {} };
    const second: MetricsState = {
      version: 2,
      publicationNumber: 6,
      shards: { s: { countedUpTo: '100000000000000000000000000000000001', at: 1 } },
      pending: {
        number: 6,
        claimedAt: 1,
        claim: 'c',
        data: [{ name: 'N', unit: 'Count', values: [1], counts: [1] }],
      },
    };

    expect(await store.read()).toBeUndefined();
    expect(await store.replace(undefined, first)).toBe(true);
    expect(await store.replace(undefined, first)).toBe(false);
    expect(await store.replace(first, second)).toBe(true);
    expect(await store.replace(first, second)).toBe(false);
    expect(await store.read()).toEqual(second);
  });
});
