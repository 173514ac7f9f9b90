import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { handleRequest } from '#consumers/http/handle-request.ts';
import { openApiDescription } from '#consumers/http/open-api.ts';
import { httpOperations, httpRoutes, problemSchema } from '#shared/contracts/http-api.ts';
import { EngineError, SpanstreamError } from '#shared/errors.ts';
import { type TextEngine, taskNames } from '#shared/nlp/types.ts';
import { createResultsReader } from '#shared/results-table/read-results.ts';
import type { Redaction } from '#shared/results-table/result-item.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { createTestEngine, silentLog } from '#test/consumers/inference/doubles.ts';
import { createHttpDeps, proxyEvent } from './doubles.ts';

const minute = () => 60_000;
/** An engine that does everything, in English alone. */
const all = { tasks: taskNames, languages: ['en', 'und'] };
const proxyResult = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

async function request(deps: Parameters<typeof handleRequest>[1], event: object, left = minute) {
  const answer = proxyResult.parse(await handleRequest(event, deps, left));
  return { ...answer, json: (answer.body === '' ? undefined : JSON.parse(answer.body)) as unknown };
}

describe('POST /v1/entities', () => {
  it('answers results and errors by index: one bad text never fails the others', async () => {
    const { deps, table, jobs } = createHttpDeps();
    const texts = ['Ada wrote.', '', 7, 'POISON', 'Bob read.', 'x'.repeat(102_401)];

    const { statusCode, json } = await request(
      deps,
      proxyEvent('POST', '/v1/entities', { texts, id: 'mine' }),
    );

    const answer = httpOperations.findEntities.answer.parse(json);
    expect(statusCode).toBe(200);
    expect(answer.results.map(({ index, id }) => [index, id])).toEqual([
      [0, 'mine.0'],
      [4, 'mine.4'],
    ]);
    expect(answer.results[0]?.entities).toMatchObject([
      { type: 'PER', text: 'Ada', start: 0, end: 3 },
    ]);
    expect(answer.errors.map(({ index, field, code }) => [index, field, code])).toEqual([
      [1, 'texts[1]', 'invalid-record'],
      [2, 'texts[2]', 'invalid-record'],
      [3, 'texts[3]', 'inference-failed'],
      [5, 'texts[5]', 'too-large'],
    ]);
    expect(jobs).toEqual([3]);
    expect(table.items().map((item) => 'source' in item && item.source)).toEqual(['http', 'http']);
  });

  it('keeps the answer when it cannot be recorded, and says so', async () => {
    const { deps } = createHttpDeps({
      writer: createResultsWriter({
        putBatch: () => Promise.reject(Object.assign(new Error('down'), { code: 'ECONNREFUSED' })),
        random: () => 0.5,
      }),
    });

    const { statusCode, json } = await request(
      deps,
      proxyEvent('POST', '/v1/entities', { text: 'Ada' }),
      () => 1_200,
    );

    expect(statusCode).toBe(200);
    expect(httpOperations.findEntities.answer.parse(json).results[0]).toMatchObject({
      stored: false,
      notStoredBecause: expect.stringContaining('in time'),
    });
  });

  it.each([
    ['by the request', { store: false }, true],
    ['by the setting', {}, false],
  ])('is not recorded where it is switched off %s', async (_name, more, storeOnDemand) => {
    const { deps, table } = createHttpDeps({ storeOnDemand });

    await request(deps, proxyEvent('POST', '/v1/entities', { text: 'Ada', ...more }));

    expect(table.items()).toEqual([]);
  });
});

describe('the other calls', () => {
  it('answer a question, the best answers first', async () => {
    const { deps } = createHttpDeps();
    const body = { context: 'Ada wrote.', question: 'Who?', topK: 2 };

    const { json } = await request(deps, proxyEvent('POST', '/v1/answers', body));

    expect(httpOperations.answerQuestion.answer.parse(json).answers).toHaveLength(2);
  });

  it('analyze a text and find it again by id and by source', async () => {
    const { deps } = createHttpDeps();
    const body = { text: 'Ada wrote.', questions: ['Who?', 'unknown?'], id: 'a:1' };

    const analyzed = await request(deps, proxyEvent('POST', '/v1/analyze', body));
    const byId = await request(deps, proxyEvent('GET', '/v1/records/a%3A1'));
    const bySource = await request(deps, proxyEvent('GET', '/v1/records?source=http&limit=5'));

    const { stored, ...result } = httpOperations.analyzeText.answer.parse(analyzed.json);
    expect(stored).toBe(true);
    expect(result.answers.map(({ text }) => text)).toEqual(['A', null]);
    expect(httpOperations.getRecord.answer.parse(byId.json).results).toEqual([result]);
    expect(httpOperations.listRecords.answer.parse(bySource.json).results).toEqual([result]);
  });

  it('classify, tag and search texts for personal data, each by its index', async () => {
    const { deps, table } = createHttpDeps({}, all);
    const texts = ['Ada wrote.', 7, 'write to ada@example.com, Bob.'];
    const ask = async (path: string, body: object) =>
      (await request(deps, proxyEvent('POST', path, { id: 'mine', ...body }))).json;

    const labels = httpOperations.classifyTexts.answer.parse(await ask('/v1/labels', { texts }));
    const tags = httpOperations.tagTexts.answer.parse(await ask('/v1/tags', { text: texts[0] }));
    const pii = httpOperations.findPersonalData.answer.parse(await ask('/v1/pii', { texts }));

    expect(labels.results.map(({ index, labels }) => [index, labels[0]?.label])).toEqual([
      [0, 'calm'],
      [2, 'calm'],
    ]);
    expect(labels.errors).toMatchObject([{ index: 1, field: 'texts[1]' }]);
    expect(tags.results[0]?.tags).toMatchObject([
      { tag: 'NOUN', start: 0, end: 3 },
      { tag: 'NOUN', start: 4, end: 9 },
    ]);
    expect(pii.results[1]?.pii.map(({ kind }) => kind)).toEqual(['EMAIL', 'PERSON']);
    expect(pii.results[1]?.redactedText).toBe('write to [EMAIL], [PERSON].');
    // Each call's result lies beside the others'.
    expect(table.items()).toHaveLength(5);
  });

  it('hide personal data as it is asked, tags only where there is a key', async () => {
    const text = 'write to ada@example.com.';
    const redactedBy = async (mode: string, redaction?: Redaction) => {
      const options = { storeText: true, retentionDays: 0, ...(redaction && { redaction }) };
      const { deps } = createHttpDeps({ options }, all);
      const { statusCode, json } = await request(
        deps,
        proxyEvent('POST', '/v1/pii', { text, mode }),
      );
      return statusCode === 200
        ? httpOperations.findPersonalData.answer.parse(json).results[0]?.redactedText
        : problemSchema.parse(json).errors?.[0]?.field;
    };

    expect(await redactedBy('mask')).toBe('write to ***************.');
    expect(await redactedBy('hash')).toBe('mode');
    expect(await redactedBy('blur')).toBe('mode');
    expect(await redactedBy('hash', { mode: 'mask', key: 'k'.repeat(16) })).toMatch(
      /^write to \[EMAIL:[0-9a-f]{12}\]\.$/,
    );
  });

  it('are given up in time where hiding personal data takes longer', async () => {
    const redaction = { mode: 'type', key: 'k'.repeat(16) } as const;
    const options = { storeText: true, retentionDays: 0, redaction };
    const { deps, table } = createHttpDeps({ options }, all);
    const texts = Array.from({ length: 300 }, (_, n) => `Call 020 7946 ${n}. `.repeat(50));

    const answer = await handleRequest(proxyEvent('POST', '/v1/pii', { texts }), deps, () => 750);

    expect(answer).toMatchObject({ statusCode: 504 });
    expect(table.items()).toEqual([]);
  });

  it('do the tasks that are asked, and guess nothing in a language without a model', async () => {
    const { deps } = createHttpDeps({}, all);
    const analyze = async (body: object) => {
      const { json } = await request(deps, proxyEvent('POST', '/v1/analyze', body));
      return httpOperations.analyzeText.answer.parse(json);
    };

    const some = await analyze({ text: 'Ada wrote.', tasks: ['labels', 'tags'] });
    const none = await analyze({ text: 'Ada wrote.', language: 'ja', questions: ['Who?'] });

    expect(some).toMatchObject({ entities: [], labels: [{ task: 'mood' }], language: 'und' });
    expect(some.tags).toHaveLength(2);
    expect(none).toMatchObject({ entities: [], answers: [], language: 'ja' });
    expect(none.unserved).toEqual(['entities', 'answers']);
  });

  it('store what hides personal data, and answer what was sent', async () => {
    const redaction = { mode: 'type', key: 'k'.repeat(16) } as const;
    const options = { storeText: true, retentionDays: 0, redaction };
    const { deps, table } = createHttpDeps({ options }, all);
    const body = {
      text: 'Ada wrote to ada@example.com.',
      questions: ['Who is ada@example.com?'],
      attributes: { from: 'ada@example.com' },
    };

    const { json } = await request(deps, proxyEvent('POST', '/v1/analyze', body));

    expect(json).toMatchObject({ text: body.text, entities: [{ text: 'Ada' }] });
    const [stored] = table.items();
    expect(stored).toMatchObject({
      text: '[PERSON] wrote to [EMAIL].',
      entities: [{ type: 'PER', text: '[PERSON]', start: 0, end: 8 }],
      questions: ['Who is [EMAIL]?'],
      attributes: { from: '[EMAIL]' },
      redacted: 'type',
    });
    expect(JSON.stringify(stored)).not.toMatch(/ada/i);
  });

  it.each([
    ['constructor', 'x'],
    ['toString', 'hasOwnProperty'],
    ['length', '0'],
  ])('give attributes back as they came: %s', async (name, value) => {
    const { deps } = createHttpDeps();
    const body = { text: 'Ada wrote.', id: 'a', attributes: { [name]: value } };

    const analyzed = await request(deps, proxyEvent('POST', '/v1/analyze', body));
    const { json } = await request(deps, proxyEvent('GET', '/v1/records/a'));

    expect(analyzed.json).toMatchObject({ stored: true, attributes: { [name]: value } });
    expect(json).toMatchObject({ results: [{ attributes: { [name]: value } }] });
  });

  it('tell of readiness and of themselves', async () => {
    const { deps } = createHttpDeps();

    const health = await request(deps, proxyEvent('GET', '/v1/health'));
    const description = await request(deps, proxyEvent('GET', '/v1/openapi.json'));

    expect(httpOperations.getHealth.answer.parse(health.json).models).toHaveLength(1);
    expect(description.json).toMatchObject({ openapi: '3.1.0' });
    expect(Object.keys(openApiDescription().paths)).toEqual([
      ...new Set(httpRoutes.map(({ path }) => path)),
    ]);
  });
});

describe('errors', () => {
  it.each([
    ['GET', '/v1/nothing', undefined, {}, 404, undefined],
    ['GET', '/v1/records/none', undefined, {}, 404, undefined],
    ['PUT', '/v1/entities', {}, {}, 405, undefined],
    ['POST', '/v1/entities', '{', {}, 400, '(body)'],
    ['POST', '/v1/entities', [], {}, 400, '(body)'],
    ['POST', '/v1/entities', { texts: [] }, {}, 400, 'texts'],
    ['POST', '/v1/entities', { texts: ['a'], txt: 1 }, {}, 400, 'txt'],
    ['POST', '/v1/entities', { text: 'x'.repeat(102_401) }, {}, 413, 'text'],
    ['POST', '/v1/answers', { context: 'a' }, {}, 400, 'question'],
    ['POST', '/v1/analyze', { text: 'a', questions: ['q', 5] }, {}, 400, 'questions[1]'],
    ['POST', '/v1/analyze', { text: 'POISON' }, {}, 400, 'text'],
    ['POST', '/v1/answers', { context: 'POISON', question: 'Who?' }, {}, 400, 'context'],
    ['POST', '/v1/entities', { text: 'Ada', texts: ['Ada'] }, {}, 400, 'texts'],
    ['POST', '/v1/entities', {}, {}, 400, 'texts'],
    ['POST', '/v1/analyze', { text: 'a', attributes: { a: 5 } }, {}, 400, 'attributes.a'],
    ['POST', '/v1/analyze', 'x', { headers: { 'content-type': 'text/plain' } }, 415, undefined],
    ['POST', '/v1/analyze', '{}', { headers: { 'content-encoding': 'gzip' } }, 415, undefined],
    ['POST', '/v1/analyze', `"${'x'.repeat(6_300_000)}"`, {}, 413, undefined],
    ['POST', '/v1/analyze', '/w==', { isBase64Encoded: true }, 400, '(body)'],
    ['GET', '/v1/records', undefined, {}, 400, 'source'],
    ['GET', '/v1/records?source=a&limit=1e9', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&cursor=zzz', undefined, {}, 400, 'cursor'],
    ['GET', `/v1/records?source=a&cursor=${'z'.repeat(9_000)}`, undefined, {}, 400, 'cursor'],
    ['GET', '/v1/records?source=a&cursor=', undefined, {}, 400, 'cursor'],
    ['GET', '/v1/records?source=a&limit=0', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&limit=', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&limit=1.5', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&limit=0x10', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&limit=1e1', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&limit=%2010', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&limit=x', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&from=yesterday', undefined, {}, 400, 'from'],
    ['GET', '/v1/records?source=a&from=20260131T120000Z&limit=0', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&from=2026-W05-6T12Z&limit=0', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&from=2016-12-31T23:59:60Z&limit=0', undefined, {}, 400, 'limit'],
    ['GET', '/v1/records?source=a&cursor=', undefined, {}, 400, 'cursor'],
    ['GET', '/v1/records?source=a&to=0000-01-01T00:00:00%2B01:00', undefined, {}, 400, 'to'],
    ['GET', '/v1/records?source=a&from=9999-12-31T23:59:59-01:00', undefined, {}, 400, 'from'],
    ['GET', '/v1/records?source=a&of=b', undefined, {}, 400, 'of'],
    ['GET', '/v1/records/a?source=b', undefined, {}, 400, 'source'],
    ['GET', '/v1/records/a?cursor=zzz', undefined, {}, 400, 'cursor'],
    ['GET', '/v1/records/a%zz', undefined, {}, 400, 'id'],
    ['GET', '/v1/records/a%20b', undefined, {}, 400, 'id'],
    [
      'GET',
      '/v1/records?source=a&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      undefined,
      {},
      400,
      'from',
    ],
  ])('%s %s is a problem (row %#)', async (method, path, body, more, status, field) => {
    const { deps } = createHttpDeps();

    const { statusCode, headers, json } = await request(deps, proxyEvent(method, path, body, more));

    const problem = problemSchema.parse(json);
    expect(statusCode).toBe(status);
    expect(problem.status).toBe(status);
    expect(problem.errors?.[0]?.field).toBe(field);
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'access-control-allow-origin': '*',
    });
  });

  it.each([
    [
      'GET',
      '/v1/records?source=a&limit=101',
      undefined,
      'limit must be a whole number from 1 to 100',
    ],
    [
      'GET',
      '/v1/records?source=a&limit=0x10',
      undefined,
      'limit must be a whole number from 1 to 100',
    ],
    ['POST', '/v1/answers', { context: 'a', question: 'b', topK: 21 }, 'topK must be 1 to 20'],
  ])('say the bounds of a number: %s %s', async (method, path, body, detail) => {
    const { deps } = createHttpDeps();

    const { json } = await request(deps, proxyEvent(method, path, body, {}));

    expect(json).toMatchObject({ status: 400, detail });
  });

  it.each([new Error('secret table'), new SpanstreamError('table-throttled', 'secret table')])(
    'show no detail of our own fault %s, but log it',
    async (fault) => {
      const logged: unknown[] = [];
      const { deps } = createHttpDeps({
        reader: { byId: () => Promise.reject(fault), bySource: () => Promise.reject(fault) },
        log: { ...silentLog, error: (...entry: unknown[]) => void logged.push(...entry) },
      });

      const { statusCode, body } = await request(deps, proxyEvent('GET', '/v1/records/a'));

      expect(statusCode).toBe(500);
      expect(body).not.toContain('secret');
      expect(logged).toContainEqual(expect.objectContaining({ why: 'secret table' }));
    },
  );

  it('say that the time was not enough, once the engine has given the texts up', async () => {
    const given: unknown[] = [];
    const { engine } = createTestEngine();
    const slow: TextEngine = {
      ...engine,
      analyze: (_requests, { signal } = {}) =>
        new Promise((_resolve, reject) => {
          given.push(signal);
          signal?.addEventListener('abort', () => reject(signal.reason));
        }),
    };
    const event = proxyEvent('POST', '/v1/entities', { text: 'Ada' });

    const late = await request(createHttpDeps({ engine: slow }).deps, event, () => 750);
    const none = await request(createHttpDeps({ engine: slow }).deps, event, () => 100);

    expect([late.statusCode, none.statusCode]).toEqual([504, 504]);
    expect(given).toHaveLength(1);
  });

  it.each([
    new EngineError('no worker is left', { cause: new Error('at worker.js:1:1') }),
    new Error('dead'),
  ])('say that the models are not there, and log it: %s', async (fault) => {
    const logged: unknown[] = [];
    const { engine } = createTestEngine({ before: () => Promise.reject(fault) });
    const log = { ...silentLog, error: (...entry: unknown[]) => void logged.push(...entry) };
    const { deps, table } = createHttpDeps({ engine, log });

    const { statusCode, headers, body } = await request(
      deps,
      proxyEvent('POST', '/v1/entities', { texts: ['Ada', ' '] }),
    );

    expect(statusCode).toBe(503);
    expect(headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'application/problem+json',
    });
    expect(body).not.toContain(fault.message);
    expect(logged).toContainEqual(expect.objectContaining({ why: fault.message }));
    expect(table.items()).toEqual([]);
  });

  it('give a table up that does not answer in time', async () => {
    const { deps } = createHttpDeps({
      reader: createResultsReader({
        query: ({ signal }) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(new Error('aborted by the client')));
          }),
        getBatch: () => Promise.reject(new Error('not asked')),
      }),
    });

    const { statusCode } = await request(deps, proxyEvent('GET', '/v1/records/a'), () => 750);

    expect(statusCode).toBe(504);
  });

  it('answer preflight requests', async () => {
    const { statusCode, headers } = await request(
      createHttpDeps().deps,
      proxyEvent('OPTIONS', '/v1/entities'),
    );

    expect(statusCode).toBe(204);
    expect(headers['access-control-allow-headers']).toContain('x-api-key');
  });
});

describe('direct invocation', () => {
  it.each([
    [{ texts: ['Ada'] }, httpOperations.findEntities.answer],
    [{ text: 'Ada' }, httpOperations.findEntities.answer],
    [{ context: 'Ada', question: 'Who?' }, httpOperations.answerQuestion.answer],
    [{ text: 'Ada', questions: ['Who?'] }, httpOperations.analyzeText.answer],
    [{ nothing: 1 }, problemSchema],
    [null, problemSchema],
    [undefined, problemSchema],
  ])('answers %j with the bare body', async (body, schema) => {
    const answer = await handleRequest(body, createHttpDeps().deps, minute);

    expect(schema.safeParse(answer).error).toBeUndefined();
  });
});
