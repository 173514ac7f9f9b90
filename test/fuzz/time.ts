import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { handleRequest } from '#consumers/http/handle-request.ts';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { startS3 } from '#local/services/s3/index.ts';
import { createProducerOn } from '#producers/index.ts';
import { inferenceEnvironmentSchema, readEnvironment } from '#shared/function-environment.ts';
import { loadLanguageDetector } from '#shared/nlp/language/index.ts';
import { manifestSchema } from '#shared/nlp/manifest.ts';
import { findPersonalData, redactAnalysis } from '#shared/nlp/personal-data/index.ts';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { type Entity, taskNames } from '#shared/nlp/types.ts';
import { splitLines } from '#shared/record-files/lines.ts';
import { BEGINNING } from '#shared/record-files/types.ts';
import { parseSettings } from '#shared/settings.ts';
import { decodeStreamRecord } from '#shared/stream/decode-record.ts';
import { createHttpDeps, proxyEvent } from '#test/consumers/http/doubles.ts';
import { createTaskWorks } from '#test/shared/nlp/test-head.ts';
import { encodeAggregate } from '../../fixtures/texts/encode-aggregate.ts';
import { growthOf, LINEAR } from './growth.ts';
import { shapes } from './shapes.ts';

/** Something that reads a text; what it makes of it is no matter here, and neither is that it refuses it. */
type Work = (text: string) => unknown;

/** How the time that one work takes for texts of one shape grows with their size. */
export interface Growth {
  readonly work: string;
  readonly shape: string;
  /** The power of the size: 1 where it is linear, 0 where it took too little time to be measured. */
  readonly power: number;
}

/** What a run found. */
export interface TimeReport {
  readonly checks: number;
  /** Those that grow faster than their input. */
  readonly beyond: readonly Growth[];
  /** The fastest growing one of each work. */
  readonly steepest: readonly Growth[];
}

/**
 * Gives every parser and every task texts of two sizes and of every shape, and compares how long they take: a law on the
 * ratio, so that it holds on any machine.
 */
export async function runTimeFuzz(options: {
  /** Works to try, by a part of their name; all of them where left out. */
  readonly only?: RegExp | undefined;
  /** Shapes to try; all of them where left out. */
  readonly shapes?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}): Promise<TimeReport> {
  const names = options.shapes ?? Object.keys(shapes);
  const { works, close } = await createWorks(options.only);
  const growths: Growth[] = [];
  const total = works.size * names.length;
  try {
    for (const [work, run] of works) {
      for (const shape of names) {
        if (options.signal?.aborted) break;
        const make = shapes[shape];
        if (make === undefined) throw new Error(`there is no shape ${shape}`);
        // Most work never waits, and one check runs it dozens of times: Ctrl-C would not be heard.
        const runOnce: Work = async (text) => {
          await nextTurn();
          options.signal?.throwIfAborted();
          await run(text);
        };
        const power = await powerOf(runOnce, make).catch((error: unknown) => {
          if (!options.signal?.aborted) throw error;
        });
        if (power === undefined) break;
        growths.push({ work, shape, power });
        options.onProgress?.(growths.length, total);
      }
    }
  } finally {
    await close();
  }
  const steepest = [...works.keys()].flatMap((work) =>
    growths
      .filter((growth) => growth.work === work)
      .sort((a, b) => b.power - a.power)
      .slice(0, 1),
  );
  const beyond = growths.filter(({ power }) => power >= LINEAR);
  return { checks: growths.length, beyond, steepest };
}

/** What an engine does with a text beside its models. */
async function textWorks(): Promise<Record<string, Work>> {
  const detectLanguage = await loadLanguageDetector();
  const words = (text: string): Entity[] =>
    [...text.matchAll(/\S{1,20}/gu)].map(({ 0: word, index }) => ({
      type: 'PER',
      text: word,
      start: index,
      end: index + word.length,
      score: 0.9,
    }));
  const hide = (text: string, entities: readonly Entity[]) =>
    redactAnalysis(
      {
        text,
        entities,
        questions: [text.slice(0, 512)],
        attributes: Object.fromEntries(cut(text, 1_024).slice(0, 16).entries()),
        pii: findPersonalData(text, { language: 'en', entities }),
      },
      { mode: 'type', language: 'en' },
    );
  return {
    'nlp: language': (text) => detectLanguage(text),
    'nlp: personal data': (text) => findPersonalData(text, { language: 'und' }),
    'nlp: hiding': (text) => hide(text, []),
    'nlp: hiding every word': (text) => hide(text, words(text)),
  };
}

async function createWorks(
  only = /^/,
): Promise<{ works: Map<string, Work>; close: () => Promise<void> }> {
  const services = await createServiceWorks();
  const works = {
    ...nlpWorks(),
    ...(await textWorks()),
    ...streamWorks(),
    ...httpWorks(),
    ...fileWorks(),
    ...services.works,
  };
  const chosen = Object.entries(works).filter(([name]) => only.test(name));
  return { works: new Map(chosen.map(settled)), close: services.close };
}

/** Shortest time for a large text that says anything: below it the clock and the machine's other work decide. */
const MEASURABLE_MS = 100;
const LARGE = 64_000;

async function powerOf(run: Work, make: (size: number) => string): Promise<number> {
  const text = make(LARGE);
  let fastest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 2; tries++) {
    const began = performance.now();
    await run(text);
    fastest = Math.min(fastest, performance.now() - began);
    // Whatever it grows with, it is no hindrance.
    if (fastest < MEASURABLE_MS) return 0;
  }
  return growthOf(run, make);
}

const cut = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, n) =>
    text.slice(n * size, (n + 1) * size),
  );

/** A work that may refuse what it is given: how long that takes is what counts. */
function settled([name, work]: [string, Work]): [string, Work] {
  return [
    name,
    async (text) => {
      try {
        await work(text);
      } catch {
        // An error is an answer, too.
      }
    },
  ];
}

/** A tokenizer of `fixtures/tokenizers/`. */
function readFamily(family: string): unknown {
  const path = new URL(`../../fixtures/tokenizers/${family}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')).tokenizer;
}

function nlpWorks(): Record<string, Work> {
  const tiny = new URL('../../fixtures/tiny-model/tiny-ner/tokenizer.json', import.meta.url);
  const tokenizer = createTokenizer(JSON.parse(readFileSync(tiny, 'utf8')));
  const tasks = Object.entries(createTaskWorks(tokenizer));
  return {
    'nlp: tokenizer': (text) => tokenizer.encode(text),
    ...Object.fromEntries(
      ['modernbert', 'llama3', 'mistral', 'albert'].map((family) => {
        const other = createTokenizer(readFamily(family));
        return [`nlp: tokenizer of ${family}`, (text: string) => other.encode(text)];
      }),
    ),
    ...Object.fromEntries(tasks.map(([task, work]) => [`nlp: ${task}`, work])),
  };
}

function streamWorks(): Record<string, Work> {
  const decode = (data: Uint8Array) =>
    decodeStreamRecord({
      position: { stream: 'text', shard: 'shardId-000000000000', sequenceNumber: '1' },
      partitionKey: 'k',
      arrivedAt: '2026-01-01T00:00:00.000Z',
      data,
    });
  const pieces = (text: string, size: number) => cut(text, size).map((piece) => Buffer.from(piece));
  const { put } = createProducerOn(async (blobs) => blobs.map(() => undefined), {
    partitionKey: ({ attributes }) => attributes?.key ?? '',
  });
  return {
    'record: the bytes': (text) => decode(Buffer.from(text)),
    'record: its text': (text) => decode(Buffer.from(JSON.stringify({ id: 'a', text }))),
    'record: every field': (text) =>
      decode(
        Buffer.from(
          JSON.stringify({
            id: text,
            text: 'x',
            source: text,
            createdAt: text,
            questions: [text],
            attributes: { [text]: text },
            tasks: [text],
            language: text,
          }),
        ),
      ),
    'aggregate: of tiny records': (text) =>
      decode(
        encodeAggregate(
          pieces(text, 4).map((data, n) => ({ partitionKey: String(n % 100), data })),
        ),
      ),
    'aggregate: of one key each': (text) =>
      decode(encodeAggregate(pieces(text, 8).map((data, n) => ({ partitionKey: `${n}`, data })))),
    'aggregate: bytes like one': (text) =>
      decode(Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), Buffer.from(text)])),
    'producer: a record': (text) => put([{ id: 'a', text, attributes: { key: text } }]),
    'producer: records of one key': (text) =>
      put(pieces(text, 512).map((_, n) => ({ id: `r${n}`, text: 'x', attributes: { key: 'k' } }))),
    'lines: large pieces': async (text) => {
      for await (const _ of splitLines(chunksOf(pieces(text, 64_000)), BEGINNING)) {
        // Reading is the work.
      }
    },
    'lines: small pieces': async (text) => {
      for await (const _ of splitLines(chunksOf(pieces(text, 16)), BEGINNING)) {
        // Reading is the work.
      }
    },
  };
}

async function* chunksOf(pieces: readonly Uint8Array[]) {
  yield* pieces;
}

function httpWorks(): Record<string, Work> {
  const redaction = { mode: 'hash', key: 'a key of sixteen bytes' } as const;
  const options = { storeText: true, retentionDays: 0, redaction };
  const { deps } = createHttpDeps({ options }, { tasks: taskNames });
  const ask = (event: object) => handleRequest(event, deps, () => 60_000);
  const query = (queryStringParameters: Record<string, string>) =>
    ask(proxyEvent('GET', '/v1/records', undefined, { queryStringParameters }));
  return {
    'http: body': (text) => ask(proxyEvent('POST', '/v1/entities', text)),
    'http: a text': (text) => ask(proxyEvent('POST', '/v1/entities', { text })),
    'http: texts': (text) => ask(proxyEvent('POST', '/v1/entities', { texts: cut(text, 2_000) })),
    'http: personal data': (text) => ask(proxyEvent('POST', '/v1/pii', { text })),
    'http: a language': (language) => ask(proxyEvent('POST', '/v1/tags', { text: 'x', language })),
    'http: base64': (text) =>
      ask(
        proxyEvent('POST', '/v1/analyze', Buffer.from(text).toString('base64'), {
          isBase64Encoded: true,
        }),
      ),
    'http: no base64': (text) =>
      ask(proxyEvent('POST', '/v1/analyze', text, { isBase64Encoded: true })),
    'http: content type': (text) =>
      ask(proxyEvent('POST', '/v1/entities', { text: 'x' }, { headers: { 'Content-Type': text } })),
    'http: header': (text) =>
      ask(proxyEvent('POST', '/v1/entities', { text: 'x' }, { headers: { [text]: text } })),
    'http: path': (text) => ask(proxyEvent('GET', `/v1/records/${text}`)),
    'http: source': (source) => query({ source }),
    'http: cursor': (cursor) => query({ source: 'news', cursor }),
    'http: times': (text) => query({ source: 'news', from: text, to: text }),
    'http: direct': (text) => ask({ [text]: text }),
  };
}

function fileWorks(): Record<string, Work> {
  return {
    'settings: a value': (environmentName) => parseSettings({ environmentName }),
    'settings: a name': (text) => parseSettings({ [text]: 1 }),
    'settings: JSON': (text) => parseSettings(JSON.parse(text)),
    'settings: by source': (text) =>
      parseSettings({
        standingQuestions: { [text]: [text] },
        standingTasks: { [text]: [text] },
        standingLanguages: { [text]: text },
      }),
    'environment: a value': (text) =>
      readEnvironment(inferenceEnvironmentSchema, {
        SPANSTREAM_LOG_LEVEL: text,
        SPANSTREAM_RESULTS_TABLE: text,
        SPANSTREAM_STANDING: text,
        SPANSTREAM_REDACT: text,
        SPANSTREAM_REDACT_KEY: text,
        SPANSTREAM_DEFAULT_LANGUAGE: text,
        SPANSTREAM_RETENTION_DAYS: text,
      }),
    'manifest: a file': (text) =>
      manifestSchema.parse({
        version: 2,
        models: [
          {
            name: text,
            revision: text,
            source: text,
            languages: [text],
            heads: [{ task: text, name: text, labels: [text], settings: { [text]: text } }],
            files: [{ path: text, sha256: text }],
          },
        ],
      }),
  };
}

/** The local services, over their own protocols. */
async function createServiceWorks() {
  const [s3, cloudWatch, kinesis, dynamoDb] = await Promise.all([
    startS3(),
    startCloudWatch(),
    startKinesis(),
    startDynamoDb(),
  ]);
  const ask = async (url: string, init: RequestInit) => {
    const response = await fetch(url, init);
    await response.arrayBuffer();
  };
  const json = (endpoint: string, target: string, type: string) => (body: string | object) =>
    ask(endpoint, {
      method: 'POST',
      headers: {
        'x-amz-target': target,
        'content-type': type,
        authorization:
          'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0',
        'x-amz-date': '20260101T000000Z',
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const putMetricData = json(
    cloudWatch.endpoint,
    'GraniteServiceVersion20100801.PutMetricData',
    'application/x-amz-json-1.0',
  );
  const getMetricData = json(
    cloudWatch.endpoint,
    'GraniteServiceVersion20100801.GetMetricData',
    'application/x-amz-json-1.0',
  );
  const putRecords = json(
    kinesis.endpoint,
    'Kinesis_20131202.PutRecords',
    'application/x-amz-json-1.1',
  );
  const query = json(dynamoDb.endpoint, 'DynamoDB_20120810.Query', 'application/x-amz-json-1.0');
  await ask(`${s3.endpoint}/time`, { method: 'PUT' });
  const put = (path: string) => (body: string) =>
    ask(`${s3.endpoint}/time${path}`, { method: 'PUT', body });
  const post = (path: string) => (body: string) =>
    ask(`${s3.endpoint}/time${path}`, { method: 'POST', body });
  const works: Record<string, Work> = {
    's3: tagging': put('?tagging'),
    's3: tags': (text) =>
      put('?tagging')(
        `<Tagging><TagSet>${cut(text, 24)
          .map((_, n) => `<Tag><Key>${n}</Key><Value>v</Value></Tag>`)
          .join('')}</TagSet></Tagging>`,
      ),
    's3: objects to delete': post('?delete'),
    's3: key': (text) => put(`/${encodeURIComponent(text.toWellFormed().slice(0, 4_000))}`)(''),
    'cloudwatch: body': putMetricData,
    'cloudwatch: a datum': (text) =>
      putMetricData({
        Namespace: text.slice(0, 100),
        MetricData: [{ MetricName: text, Value: 1, Dimensions: [{ Name: text, Value: text }] }],
      }),
    'cloudwatch: an expression': (text) =>
      getMetricData({
        StartTime: 1_767_225_600,
        EndTime: 1_767_229_200,
        MetricDataQueries: [{ Id: 'e1', Expression: text }],
      }),
    'kinesis: body': putRecords,
    'kinesis: a key': (text) =>
      putRecords({ StreamName: 'x', Records: [{ PartitionKey: text, Data: 'YQ==' }] }),
    'dynamodb: body': query,
    'dynamodb: an expression': (text) =>
      query({
        TableName: 'time',
        KeyConditionExpression: text,
        ExpressionAttributeValues: { ':a': { S: text } },
      }),
  };
  const close = async () => {
    await Promise.all([s3, cloudWatch, kinesis, dynamoDb].map((service) => service.close()));
  };
  return { works, close };
}
