import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publicResultSchema } from '#shared/contracts/http-api.ts';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { resultSchema } from '#shared/contracts/result.ts';
import { textRecordSchema } from '#shared/contracts/text-record.ts';
import { failureObjectOf, failureObjectSchema } from '#shared/dead-letters/object.ts';
import { isAggregate } from '#shared/stream/aggregate.ts';
import { jsonSchemas } from '../../scripts/schemas.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'docs/schemas');
const validators = new Map(
  Object.entries(jsonSchemas()).map(([file, schema]) => [file, new Ajv2020().compile(schema)]),
);
const passes = (name: string, value: unknown): boolean =>
  validators.get(`${name}.schema.json`)?.(value) === true;

describe('the JSON Schemas', () => {
  it('lie in docs/schemas as they are made now: else run npm run schemas', async () => {
    const files = await readdir(folder);
    expect(files.sort()).toEqual(Object.keys(jsonSchemas()).sort());
    for (const [file, schema] of Object.entries(jsonSchemas())) {
      expect(JSON.parse(await readFile(join(folder, file), 'utf8')), file).toEqual(schema);
    }
  });

  it('say which they are, and describe what they hold', () => {
    for (const [file, schema] of Object.entries(jsonSchemas())) {
      expect(schema, file).toMatchObject({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: `urn:spanstream:${file.replace('.schema.json', '')}`,
        title: expect.any(String),
        description: expect.any(String),
      });
    }
  });
});

describe('the schema of the text record', () => {
  const record = (more: object = {}) => ({ id: 'a', text: 'Ada', ...more });
  const judge = (value: unknown) => ({
    schema: passes('text-record', value),
    contract: textRecordSchema.safeParse(value).success,
  });
  const alike = (verdict: boolean) => ({ schema: verdict, contract: verdict });

  it.each([
    record(),
    record({ text: 'x'.repeat(102_400) }),
    record({ text: ' \n 👋' }),
    record({ id: 'A-z.0_9:'.repeat(16) }),
    record({ source: 'news', createdAt: '2026-01-31T12:00:00Z', language: 'pt-BR' }),
    record({ createdAt: '2026-W05-6T12+0100', language: 'zh-hant-tw' }),
    record({ createdAt: '20260131t24:00z'.replace(':', ''), language: 'und' }),
    record({ questions: [], tasks: ['entities', 'answers', 'labels', 'tags', 'pii'] }),
    record({ questions: Array.from({ length: 8 }, () => '?'.repeat(512)) }),
    record({ attributes: JSON.parse('{"__proto__":"p","constructor":""}') }),
    record({ attributes: { ['k'.repeat(64)]: 'v'.repeat(1_024) } }),
    record({ questions: ['👋'.repeat(512)] }),
    record({ attributes: { ['👋'.repeat(64)]: '👋'.repeat(1_024) } }),
  ])('lets pass what the contract lets pass: %j', (value) => {
    expect(judge(value)).toEqual(alike(true));
  });

  it.each([
    [],
    null,
    'text',
    { id: 'a' },
    { text: 'Ada' },
    record({ id: '' }),
    record({ id: 'two words' }),
    record({ id: 'a\n' }),
    record({ id: 'a'.repeat(129) }),
    record({ text: '' }),
    record({ text: ' \n\t\u00a0\ufeff ' }),
    record({ text: 42 }),
    record({ text: 'x'.repeat(102_401) }),
    record({ source: '' }),
    record({ source: 'a:b' }),
    record({ questions: 'Who?' }),
    record({ questions: ['Who?', ' '] }),
    record({ questions: ['?'.repeat(513)] }),
    record({ questions: ['👋'.repeat(513)] }),
    record({ attributes: { k: '👋'.repeat(1_025) } }),
    record({ attributes: { ['👋'.repeat(65)]: 'v' } }),
    record({ questions: Array.from({ length: 9 }, () => 'Who?') }),
    record({ createdAt: '2026-01-31' }),
    record({ createdAt: '2026-01-31 12:00:00Z' }),
    record({ createdAt: 1_700_000_000 }),
    record({ attributes: [] }),
    record({ attributes: { n: 1 } }),
    record({ attributes: { '': 'v' } }),
    record({ attributes: { ['k'.repeat(65)]: 'v' } }),
    record({ attributes: { k: 'v'.repeat(1_025) } }),
    record({ attributes: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, 'v'])) }),
    record({ tasks: [] }),
    record({ tasks: ['summaries'] }),
    record({ tasks: ['pii', 'pii'] }),
    record({ language: '' }),
    record({ language: 'e' }),
    record({ language: 'en_GB' }),
    record({ language: `en-${'x'.repeat(40)}` }),
    record({ title: 'unknown' }),
  ])('refuses what the contract refuses: %j', (value) => {
    expect(judge(value)).toEqual(alike(false));
  });

  it.each([
    ['bytes of UTF-8', record({ text: '漢'.repeat(40_000) })],
    ['invisible characters', record({ text: '\u200b' })],
    ['lone surrogate', record({ text: 'half \ud83d' })],
    ['a time that there is', record({ createdAt: '2026-02-30T12:00:00Z' })],
    ['language must be well-formed', record({ language: 'abcd' })],
  ])('says that it cannot say: %s', (what, value) => {
    expect(judge(value)).toEqual({ schema: true, contract: false });
    expect(jsonSchemas()['text-record.schema.json']).toMatchObject({
      description: expect.stringContaining(what),
    });
  });

  it('refuses nothing that the contract lets pass', () => {
    const string = fc.string({ unit: 'binary', maxLength: 20 });
    const optional = { requiredKeys: ['id', 'text'] as ['id', 'text'] };
    const records = fc.record(
      {
        id: fc.stringMatching(/^[A-Za-z0-9._:-]{1,12}$/),
        text: string,
        questions: fc.array(string, { maxLength: 8 }),
        attributes: fc.dictionary(string, string, { maxKeys: 16 }),
        createdAt: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        language: fc.oneof(
          fc.stringMatching(/^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-[0-9]{3})?$/),
          fc.constantFrom('art-lojban', 'de-1996', 'en-u-ca-buddhist', 'en-x-private', 'sr_Latn'),
        ),
      },
      optional,
    );
    let valid = 0;
    fc.assert(
      fc.property(records, (value) => {
        const { schema, contract } = judge(value);
        valid += Number(contract);
        expect(schema || !contract).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(valid).toBeGreaterThan(200);
  });

  it('judges the fixtures as the contract does', async () => {
    const read = (name: string) => readFile(join(root, 'fixtures/texts', name), 'utf8');
    const records = (await read('records.jsonl')).trimEnd().split('\n').map(parseJson);
    const poison = (JSON.parse(await read('poison.json')) as { dataBase64: string }[])
      .map(({ dataBase64 }) => Buffer.from(dataBase64, 'base64'))
      .filter((data) => !isAggregate(data));
    const values = poison.flatMap((data) => {
      try {
        return [parseJson(new TextDecoder('utf-8', { fatal: true }).decode(data))];
      } catch {
        return [];
      }
    });

    expect(records.length).toBeGreaterThan(2_000);
    expect(values.length).toBeGreaterThan(5);
    for (const value of records) expect(judge(value)).toEqual(alike(true));
    for (const value of values) expect(judge(value), JSON.stringify(value)).toEqual(alike(false));
  });
});

describe('the schema of the result', () => {
  const span = { text: 'Ada', start: 0, end: 3, score: 0.9 };
  const keys = { pk: 'REC#a', sk: 'RESULT#v#h', sourceKey: 'SRC#s#0', sourceOrder: 'o' };
  const ofApi = {
    id: 'a',
    source: 's',
    pipelineVersion: 'v',
    contentHash: 'h',
    entities: [{ type: 'PER', ...span }],
    answers: [
      { question: 'Who?', ...span, noAnswerScore: 0 },
      { question: '?', text: null, start: null, end: null, score: 1, noAnswerScore: 1 },
    ],
    tokens: 3,
    windows: 1,
    arrivedAt: '2026-01-31T12:00:00.000Z',
    shard: 'shardId-000000000000',
    sequenceNumber: '1',
  };
  const everything = {
    ...ofApi,
    ...keys,
    text: 'Ada',
    questions: ['Who?'],
    createdAt: '2026-01-31T12:00:00Z',
    attributes: { k: 'v' },
    tasks: ['pii'],
    language: 'en',
    unserved: ['tags'],
    labels: [{ task: 'length', label: 'long', score: 12 }],
    tags: [{ tag: 'PROPN', start: 0, end: 3, score: 1 }],
    pii: [{ kind: 'PERSON', ...span }],
    redacted: 'mask',
    expiresAt: 1_900_000_000,
  };

  it.each([{ ...ofApi, ...keys }, everything, { ...everything, addedLater: 1 }])(
    'lets pass an item as the contract does',
    (item) => {
      expect(resultSchema.safeParse(item).success).toBe(true);
      expect(passes('result', item)).toBe(true);
    },
  );

  it('lets pass a result of the HTTP API', () => {
    expect(publicResultSchema.safeParse(ofApi).success).toBe(true);
    expect(passes('result', ofApi)).toBe(true);
  });

  it.each([
    { id: undefined },
    { pk: 'REJ#a' },
    { sk: 'a' },
    { entities: undefined },
    { entities: [{ ...span, type: '' }] },
    { entities: [{ ...span, type: 'PER', start: -1 }] },
    { entities: [{ ...span, type: 'PER', end: 1.5 }] },
    { entities: [{ ...span, type: 'PER', score: 2 }] },
    { answers: [{ question: 'Who?', ...span }] },
    { answers: [{ question: 'Who?', ...span, noAnswerScore: 0, start: '0' }] },
    { labels: [{ task: 'topic', label: 'news' }] },
    { tags: [{ tag: 'NOUN', start: 0, end: 3 }] },
    { pii: [{ kind: '', ...span }] },
    { redacted: 'gone' },
    { tasks: ['all'] },
    { tokens: '3' },
    { attributes: { k: 1 } },
    { expiresAt: 'soon' },
  ])('refuses an item as the contract does: %j', (more) => {
    const item = JSON.parse(JSON.stringify({ ...everything, ...more }));
    expect(resultSchema.safeParse(item).success).toBe(false);
    expect(passes('result', item)).toBe(false);
  });
});

describe('the schema of the failure object', () => {
  const failure = failureObjectOf(
    {
      position: { stream: 's', shard: 'shardId-000000000000', sequenceNumber: '1' },
      partitionKey: 'k',
      arrivedAt: '2026-01-31T12:00:00.000Z',
      data: Buffer.from('{"id":'),
    },
    { reason: 'invalid-json', message: 'the text is not valid JSON' },
    '2026-01-31T12:00:01.000Z',
  );

  it.each([
    [true, {}],
    [true, { subSequenceNumber: 0, data: '' }],
    [true, { addedLater: 1 }],
    [false, { version: 2 }],
    [false, { data: 'no base64' }],
    [false, { reason: 'bad' }],
    [false, { subSequenceNumber: -1 }],
    [false, { message: undefined }],
  ])('judges as the contract does: %s of %j', (verdict, more) => {
    const object = JSON.parse(JSON.stringify({ ...failure, ...more }));
    expect(failureObjectSchema.safeParse(object).success).toBe(verdict);
    expect(passes('failure', object)).toBe(verdict);
  });
});
