import { gzipSync } from 'node:zlib';
import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeTableCommand, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Invoke } from '#local/lambda/invocation.ts';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { type Clients, clientsOf } from './support/clients.ts';
import { type Folders, makeFolders, tinyModels } from './support/folders.ts';
import { aggregateOf } from './support/kpl-aggregate.ts';

const settings = parseSettings({
  environmentName: 'e2e',
  inference: { mapping: { batchingWindowSeconds: 0 } },
  metrics: {
    reservedConcurrency: 2,
    mapping: { batchingWindowSeconds: 0, parallelizationFactor: 2 },
  },
});
const stream = 'spanstream-e2e-text';
const table = 'spanstream-e2e-results';
const bucket = 'spanstream-e2e-failures';
const patience = { timeoutMs: 120_000, everyMs: 100 };

const text = 'Émilie du Châtelet 🦉 wrote to Voltaire in Paris about the works of Isaac Newton.';
const question = 'Who wrote to Voltaire?';
const good = { id: 'pipeline-good', text, source: 'letters', questions: [question] };
const packed = ['pipeline-packed-1', 'pipeline-packed-2'].map((id) => ({
  id,
  text: `The owl ${id} flew from Vienna to Rome.`,
  source: 'letters',
}));
const poison = '{"id":"pipeline-poison","text":"It ends too soon';

/** Delivers every batch to two processes at once, and then once more. */
const deliverAgain =
  (invoke: Invoke): Invoke =>
  async (payload) => {
    const [first, second] = await Promise.all([invoke(payload), invoke(payload)]);
    return first.ok && second.ok ? invoke(payload) : first.ok ? second : first;
  };

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('the pipeline, to a client that knows its documented interfaces alone', () => {
  let folders: Folders;
  let stack: LocalStack;
  let clients: Clients;
  let position: { shard: string; sequenceNumber: string };
  const since = new Date(Math.floor(Date.now() / 60_000) * 60_000);

  const put = (Data: Uint8Array, PartitionKey: string) =>
    clients.kinesis.send(new PutRecordCommand({ StreamName: stream, Data, PartitionKey }));
  const resultOf = (id: string) =>
    waitFor(
      async () => {
        const query = new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: `REC#${id}` } },
        });
        const { Items = [] } = await clients.dynamodb.send(query);
        return Items[0] && { item: unmarshall(Items[0]), count: Items.length };
      },
      { what: `the result of ${id}`, ...patience },
    );
  const call = async (path: string, body?: unknown) => {
    const answer = await fetch(`${stack.endpoints.http}${path}`, {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const type = answer.headers.get('content-type');
    return { status: answer.status, type, body: JSON.parse(await answer.text()) };
  };

  beforeAll(async () => {
    folders = await makeFolders();
    stack = await startLocalStack({
      ...{ ...folders, settings, modelsDirectory: tinyModels },
      wrapInvoke: (name, invoke) => (name === 'metrics' ? deliverAgain(invoke) : invoke),
    });
    clients = clientsOf(stack.environment);
    await put(bytes(good), 'a');
    await put(aggregateOf('b', packed.map(bytes)), 'b');
    const { ShardId = '', SequenceNumber = '' } = await put(Buffer.from(poison), 'c');
    position = { shard: ShardId, sequenceNumber: SequenceNumber };
  });
  afterAll(async () => {
    clients?.destroy();
    await stack?.close();
    vi.unstubAllEnvs();
    await folders?.remove();
  });

  it('makes one result of each good record, whether it came alone or in an aggregate', async () => {
    // Act
    const single = await resultOf(good.id);
    const members = await Promise.all(packed.map(({ id }) => resultOf(id)));

    // Assess
    expect([single, ...members].map(({ count }) => count)).toEqual([1, 1, 1]);
    expect(single.item).toMatchObject({ ...good, answers: [{ question }], windows: 1 });
    expect(single.item.sk).toBe(`RESULT#${single.item.pipelineVersion}#${single.item.contentHash}`);
    expect(single.item.entities.length).toBeGreaterThan(0);
    for (const entity of single.item.entities) {
      expect(text.slice(entity.start, entity.end)).toBe(entity.text);
    }
    expect(members.map(({ item }) => item.text)).toEqual(packed.map((record) => record.text));
  });

  it('tells every result on the stream of the table, as it lies in the table', async () => {
    // Prepare
    const { item } = await resultOf(good.id);
    const described = await clients.dynamodb.send(new DescribeTableCommand({ TableName: table }));
    const StreamArn = described.Table?.LatestStreamArn;
    const shards = await clients.streams.send(new DescribeStreamCommand({ StreamArn }));

    // Act
    const images: unknown[] = [];
    for (const { ShardId } of shards.StreamDescription?.Shards ?? []) {
      const position = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
      const { ShardIterator } = await clients.streams.send(new GetShardIteratorCommand(position));
      const page = await clients.streams.send(new GetRecordsCommand({ ShardIterator }));
      for (const { eventName, dynamodb } of page.Records ?? []) {
        if (dynamodb?.Keys?.pk?.S !== item.pk) continue;
        images.push({ eventName, image: unmarshall(dynamodb?.NewImage ?? {}) });
      }
    }

    // Assess
    expect(images).toEqual([{ eventName: 'INSERT', image: item }]);
  });

  it('parks a poison record with its bytes and the reason', async () => {
    // Act
    const pk = `REJ#${stream}#${position.shard}#${position.sequenceNumber}`;
    const query = new GetItemCommand({
      TableName: table,
      Key: { pk: { S: pk }, sk: { S: 'REJECTION' } },
    });
    const rejection = await waitFor(
      async () => {
        const { Item } = await clients.dynamodb.send(query);
        return Item && unmarshall(Item);
      },
      { what: 'the rejection', ...patience },
    );
    const object = await clients.s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: rejection.failureKey }),
    );
    const failure = JSON.parse((await object.Body?.transformToString()) ?? '');

    // Assess
    expect(rejection).toMatchObject({ reason: 'invalid-json', stream, ...position });
    expect(failure).toMatchObject({ reason: 'invalid-json', stream, ...position });
    expect(Buffer.from(failure.data, 'base64').toString()).toBe(poison);
  });

  it('counts results by source and rejections by reason, each once, though each is delivered three times', async () => {
    // Prepare
    const sumOf = async (MetricName: string, Name: string, Value: string) => {
      const { Datapoints = [] } = await clients.cloudwatch.send(
        new GetMetricStatisticsCommand({
          Namespace: stack.names.metricsNamespace,
          MetricName,
          Dimensions: [{ Name, Value }],
          StartTime: since,
          EndTime: new Date(Date.now() + 120_000),
          Period: 60,
          Statistics: ['Sum'],
        }),
      );
      return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
    };
    const sums = async () => [
      await sumOf('RecordsProcessed', 'Source', 'letters'),
      await sumOf('RecordsRejected', 'Reason', 'invalid-json'),
    ];

    // Act
    await waitFor(async () => (await sums()).every((sum, at) => sum >= (at === 0 ? 3 : 1)), {
      what: 'the metrics',
      ...patience,
    });
    const counted = Date.now();
    await waitFor(async () => stack.idle(counted), { what: 'quiet', ...patience });

    // Assess
    expect(await sums()).toEqual([3, 1]);
  });

  it('finds over HTTP the very spans that it found on the stream', async () => {
    // Act
    const { item } = await resultOf(good.id);
    const analyzed = await call('/v1/analyze', { text, questions: [question], store: false });
    const entities = await call('/v1/entities', { text, store: false });

    // Assess
    expect(analyzed).toMatchObject({ status: 200, body: { stored: false } });
    expect(analyzed.body.entities).toEqual(item.entities);
    expect(analyzed.body.answers).toEqual(item.answers);
    expect(analyzed.body.pipelineVersion).toBe(item.pipelineVersion);
    expect(entities.body.results[0].entities).toEqual(item.entities);
  });

  it('answers the good texts of a request beside a bad one, and records them', async () => {
    // Act
    const texts = ['Ada lived in London.', ' ', 'Emil saw Berlin.'];
    const answer = await call('/v1/entities', { id: 'pipeline-http', texts });
    const recorded = await call('/v1/records/pipeline-http.2');
    const listed = await call('/v1/records?source=http&limit=10');

    // Assess
    expect(answer.status).toBe(200);
    expect(answer.body.results).toMatchObject([
      { index: 0, id: 'pipeline-http.0', stored: true },
      { index: 2, id: 'pipeline-http.2', stored: true },
    ]);
    expect(answer.body.errors).toMatchObject([{ index: 1, field: 'texts[1]' }]);
    expect(recorded.body.results).toMatchObject([{ text: texts[2], source: 'http' }]);
    expect(recorded.body.results[0].entities).toEqual(answer.body.results[1].entities);
    const ids = listed.body.results.map(({ id }: { id: string }) => id).sort();
    expect(ids).toEqual(['pipeline-http.0', 'pipeline-http.2']);
  });

  it('serves what came by the stream, one record and a source page by page', async () => {
    // Act
    const { item } = await resultOf(good.id);
    await Promise.all(packed.map(({ id }) => resultOf(id)));
    const one = await call(`/v1/records/${good.id}`);
    const page = await call('/v1/records?source=letters&limit=2');
    const rest = await call(`/v1/records?source=letters&limit=2&cursor=${page.body.cursor}`);
    const none = await call('/v1/records/pipeline-nobody');

    // Assess
    expect(one.status).toBe(200);
    expect(one.body.results).toMatchObject([{ text, entities: item.entities }]);
    const ids = [...page.body.results, ...rest.body.results].map(({ id }) => id).sort();
    expect(page.body.results).toHaveLength(2);
    expect(ids).toEqual([good.id, ...packed.map(({ id }) => id)]);
    expect(rest.body.cursor).toBeUndefined();
    expect(none).toMatchObject({ status: 404, type: 'application/problem+json' });
  });

  it('answers a question from a context, best first', async () => {
    // Act
    const answer = await call('/v1/answers', { context: text, question, topK: 3, store: false });

    // Assess
    expect(answer.status).toBe(200);
    expect(answer.body.answers.length).toBeGreaterThan(0);
    expect(answer.body.answers.length).toBeLessThanOrEqual(3);
    for (const { text: found, start, end } of answer.body.answers) {
      if (found !== null) expect(text.slice(start, end)).toBe(found);
    }
  });

  it('reads a text from an object of the intake bucket, and from no other', async () => {
    // Prepare
    const Key = 'letters/Zürich 7+8.txt';
    const object = `s3://spanstream-e2e-intake/${Key}`;
    const put = (Bucket: string, Body: Uint8Array, more = {}) =>
      clients.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
    const ContentType = 'text/plain; charset=utf-16le';
    await put(bucket, Buffer.from('elsewhere'));
    const missing = await call('/v1/entities', { object, store: false });

    // Act
    await put('spanstream-e2e-intake', gzipSync(Buffer.from(text, 'utf16le')), {
      ...{ ContentType, ContentEncoding: 'gzip' },
    });
    const byReference = await call('/v1/answers', { object, question, id: 'pipeline-object' });
    const byValue = await call('/v1/answers', { context: text, question, id: 'pipeline-object' });
    const found = await call('/v1/entities', { object, store: false });
    await put('spanstream-e2e-intake', Buffer.alloc(1_000_000, 'a'), { ContentType: 'text/plain' });
    const large = await call('/v1/analyze', { object });
    const elsewhere = await call('/v1/entities', { object: `s3://${bucket}/${Key}` });

    // Assess
    const { item } = await resultOf('pipeline-object');
    const { results } = (await call('/v1/entities', { text, store: false })).body;
    expect(byReference.status).toBe(200);
    expect(byReference.body).toEqual(byValue.body);
    expect(found.body.results[0]?.entities).toEqual(results[0]?.entities);
    expect(item).toMatchObject({ text, source: 'http' });
    expect([missing, large, elsewhere].map(({ status, body }) => [status, body.errors])).toEqual([
      [400, [{ field: 'object', message: 'object is not there' }]],
      [413, [{ field: 'object', message: 'object must be at most 409600 bytes' }]],
      [400, [{ field: 'object', message: expect.stringContaining('spanstream-e2e-intake') }]],
    ]);
  });

  it('says that it is ready, and describes every call', async () => {
    // Act
    const health = await call('/v1/health');
    const description = await call('/v1/openapi.json');

    // Assess
    expect(health).toMatchObject({ status: 200, body: { status: 'ready' } });
    expect(health.body.models.map(({ name }: { name: string }) => name).sort()).toEqual([
      'tiny-ner',
      'tiny-qa',
    ]);
    expect(Object.keys(description.body.paths).sort()).toEqual([
      '/v1/alarms',
      '/v1/analyze',
      '/v1/answers',
      '/v1/entities',
      '/v1/failures',
      '/v1/health',
      '/v1/labels',
      '/v1/metrics',
      '/v1/models',
      '/v1/openapi.json',
      '/v1/pii',
      '/v1/records',
      '/v1/records/{id}',
      '/v1/tags',
    ]);
  });

  it('refuses an unknown path and a wrong body, naming the field', async () => {
    // Act
    const unknown = await call('/v1/nothing');
    const wrong = await call('/v1/answers', { context: text, question: 42 });

    // Assess
    // API Gateway itself answers where no call is, in the same shape.
    expect(unknown).toMatchObject({
      status: 404,
      type: 'application/problem+json',
      body: { title: 'Not found' },
    });
    expect(wrong).toMatchObject({
      status: 400,
      type: 'application/problem+json',
      body: { status: 400, errors: [{ field: 'question' }] },
    });
  });
});
