import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOOK_UP_ATTRIBUTES } from '#consumers/inference/look-up.ts';
import { createDigestStore } from '#consumers/metrics/digest-store.ts';
import { digestOf, withDigests } from '#consumers/metrics/digests.ts';
import { createProfileStore } from '#consumers/metrics/profiles.ts';
import { createStateStore, type MetricsState } from '#consumers/metrics/state.ts';
import { FIRST_NAMES, type Profile, profileKey } from '#shared/drift/profile.ts';
import { SOURCE_INDEX } from '#shared/names.ts';
import {
  metricsStateTableDefinition,
  resultsTableDefinition,
} from '#shared/results-table/definition.ts';
import {
  createGetBatch,
  createPutBatch,
  createQueryItems,
} from '#shared/results-table/dynamodb-results.ts';
import { getItems } from '#shared/results-table/get-items.ts';
import { createResultsReader } from '#shared/results-table/read-results.ts';
import { isResult } from '#shared/results-table/stored-item.ts';
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
  const items = Array.from({ length: 260 }, (_, index) => resultOf(index));
  beforeAll(async () => {
    const writer = createResultsWriter({ putBatch: createPutBatch(documents, 'results') });
    const outcomes = await writer.write(items, Date.now() + 20_000);
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['stored']));
  });

  it('gives back what was written, by id and by source, page by page', async () => {
    // Prepare
    const query = createQueryItems(documents, 'results');
    const reader = createResultsReader({ query, getBatch: createGetBatch(documents, 'results') });

    // Act
    const byId = await reader.byId('r7');
    const seen: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await reader.bySource({ source: 'news', limit: 25, cursor });
      seen.push(...page.results);
      cursor = page.cursor;
    } while (cursor);

    // Assess
    const newestFirst = items
      .filter(isResult)
      .sort((a, b) => (a.sourceOrder < b.sourceOrder ? 1 : -1));
    expect(byId).toEqual([items[7]]);
    expect(seen).toEqual(newestFirst);
  });

  it('keeps the keys of a result in its index, and nothing else', async () => {
    // Prepare
    const item = items.filter(isResult).find(({ id }) => id === 'r7');
    const query = createQueryItems(documents, 'results');

    // Act
    const entries = await query({ index: SOURCE_INDEX, key: ['sourceKey', item?.sourceKey ?? ''] });

    // Assess
    const { pk, sk, sourceKey, sourceOrder } = item ?? {};
    expect(entries).toContainEqual({ pk, sk, sourceKey, sourceOrder });
  });

  it('gives more items than a call takes, in the order of their keys, those that there are', async () => {
    // Prepare
    const keys = items.map(({ pk, sk }) => ({ pk, sk })).reverse();
    const gone = { pk: 'REC#gone', sk: 'RESULT#p#0' };

    // Act
    const found = await getItems([...keys, gone], {
      getBatch: createGetBatch(documents, 'results'),
    });

    // Assess
    expect(found).toEqual([...items.toReversed(), undefined]);
  });

  it('gives no more of an item than was asked for, whatever the attributes are called', async () => {
    // Prepare
    const item = items.filter(isResult).find(({ id }) => id === 'r7');
    const { pk = '', sk = '', source } = item ?? {};
    const getBatch = createGetBatch(documents, 'results', LOOK_UP_ATTRIBUTES);

    // Act
    const found = await getItems([{ pk, sk }], { getBatch });

    // Assess: the item has no time of writing, no attributes and no expiry.
    expect(found).toEqual([{ pk, sk, source }]);
  });

  it('gives up a read when it is told to', async () => {
    const getBatch = createGetBatch(documents, 'results');
    const signal = AbortSignal.abort();

    await expect(getBatch([{ pk: 'REC#r7', sk: 'RESULT#p#0' }], signal)).rejects.toThrow('abort');
  });
});

describe('the metrics state', () => {
  it('is replaced only by whoever saw its last version', async () => {
    const store = createStateStore(documents, 'state');
    const first: MetricsState = { version: 1, publicationNumber: 5, digests: {}, movedUntil: 0 };
    const second: MetricsState = {
      version: 2,
      publicationNumber: 6,
      digests: { '1767225600': 'LPJNul-wow' },
      movedUntil: 1_767_225_610_000,
      pending: {
        number: 6,
        claimedAt: 1,
        claim: 'c',
        data: [{ name: 'N', unit: 'Count', values: [1], counts: [1] }],
        later: [[{ name: 'M', unit: 'None', values: [2], counts: [3] }]],
        refusals: 1,
      },
    };

    expect(await store.read()).toBeUndefined();
    expect(await store.replace(undefined, first)).toBe(true);
    expect(await store.replace(undefined, first)).toBe(false);
    expect(await store.replace(first, second)).toBe(true);
    expect(await store.replace(first, second)).toBe(false);
    expect(await store.read()).toEqual(second);
  });

  it('keeps a profile beside it, and takes none of an earlier version of the state', async () => {
    const store = createProfileStore(documents, 'state');
    const profileOf = (version: number, pipelineVersion = 'p1'): Profile => ({
      ...{ pipelineVersion, version, wanted: 100 },
      tasks: {
        entities: {
          names: [...FIRST_NAMES, 'PER'],
          reference: { labels: [500, 0, 99_500], scores: [1, 2, 3] },
          hours: [{ hour: 1_767_225_600, labels: [version], scores: [] }],
        },
      },
    });

    await store.write(profileOf(3));
    await store.write(profileOf(3));
    await store.write(profileOf(7));
    await store.write(profileOf(3));
    await store.write(profileOf(2, 'p2'));

    expect(await store.read('p1')).toEqual(profileOf(7));
    expect(await store.read('p2', AbortSignal.timeout(5_000))).toEqual(profileOf(2, 'p2'));
    expect(await store.read('p3')).toBeUndefined();
    await expect(store.read('p1', AbortSignal.abort())).rejects.toThrow('abort');
    // What somebody else wrote there must not stop the counting.
    const Item = { ...profileKey('odd'), tasks: 'none' };
    await documents.send(new PutCommand({ TableName: 'state', Item }));
    expect(await store.read('odd')).toBeUndefined();
    await store.write(profileOf(1, 'odd'));
    expect(await store.read('odd')).toEqual(profileOf(1, 'odd'));
  });

  it('keeps digests beside it, and gives out those of the times of some changes, page by page', async () => {
    const store = createDigestStore(documents, 'state');
    const midnight = Date.UTC(2026, 0, 1) / 1_000;
    const changeAt = (second: number) => ({
      digest: digestOf(String(second)),
      createdAt: second === 0 ? 0 : (midnight + second) * 1_000,
    });
    const digestsAt = (...seconds: number[]) => withDigests({}, seconds.map(changeAt));
    const found = async (...seconds: number[]) =>
      (await store.read(seconds.map(changeAt), 0))
        .flatMap((some) => some.match(/.{10}/g) ?? [])
        .sort();
    const expected = (...seconds: number[]) =>
      seconds.map((second) => changeAt(second).digest).sort();

    await store.write(digestsAt(0, 1, 9, 10, 3_599, 3_600), 9, Date.now());
    await store.write(digestsAt(0, 1, 9, 10, 3_599, 3_600), 9, Date.now());
    await store.write(digestsAt(11, 3_601), 10, Date.now());
    const many = Array.from({ length: 30 }, (_, at) => ({
      digest: 'x'.repeat(50_000),
      createdAt: (midnight + 7_200 + at * 10) * 1_000,
    }));
    await store.write(withDigests({}, many), 11, Date.now());

    expect(await found(2)).toEqual(expected(1, 9));
    expect(await found(19, 3_590)).toEqual(expected(10, 11, 3_599));
    expect(await found(0, 3_605)).toEqual(expected(0, 3_600, 3_601));
    expect(await found(20, 30)).toEqual([]);
    // 1.5 MB, where a page holds 1 MB.
    expect((await store.read(many, 0)).join('')).toHaveLength(1_500_000);
  });
});
