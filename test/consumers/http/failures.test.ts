import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { handleRequest } from '#consumers/http/handle-request.ts';
import type { HttpDeps } from '#consumers/http/on-demand.ts';
import { httpOperations, problemSchema } from '#shared/contracts/http-api.ts';
import { rejectionOf } from '#shared/contracts/rejection.ts';
import { failureObjectKey, failureObjectOf } from '#shared/dead-letters/object.ts';
import { createRejectionItem } from '#shared/dead-letters/rejection-item.ts';
import { encodeCursor } from '#shared/results-table/cursor.ts';
import type { ResultOptions } from '#shared/results-table/result-item.ts';
import { decodeStreamRecord } from '#shared/stream/decode-record.ts';
import { createHttpDeps, proxyEvent } from './doubles.ts';

const AT = Date.parse('2026-01-31T12:00:00Z');
const timeOf = (index: number) => new Date(AT + index * 1_000).toISOString();
const answerSchema = z.object({ statusCode: z.number(), body: z.string() });
const never = new AbortController().signal;
const MAIL = 'grace.hopper@example.com';
const redaction = { mode: 'type', key: 'a key of the deployment' } as const;
const hiding: ResultOptions = { storeText: true, retentionDays: 0, redaction };

/** An error as the SDK throws it. */
const refusal = (status: number) =>
  Object.assign(new Error('secret'), { $metadata: { httpStatusCode: status } });

interface Lying {
  readonly key: string;
  readonly text: string | Error;
  readonly redrivenAt?: string;
}

/** A failures bucket with these objects, each a second younger than the one before it. */
function bucketOf(lying: readonly Lying[], isAll = true) {
  const read: string[] = [];
  const failures: HttpDeps['failures'] = {
    list: async () => ({
      objects: lying.map(({ key, text }, index) => ({
        key,
        size: text instanceof Error ? 1 : text.length,
        parkedAt: timeOf(index),
      })),
      isAll,
    }),
    async read(key) {
      read.push(key);
      const text = lying.find((one) => one.key === key)?.text ?? refusal(404);
      if (text instanceof Error) throw text;
      return text;
    },
    redrivenAt: async (key) => lying.find((one) => one.key === key)?.redrivenAt,
  };
  return { failures, read };
}

/** What is parked of bytes that are no record, as the inference function parks them. */
function parked(data: string | Buffer, sequenceNumber: number) {
  const [decoded] = decodeStreamRecord({
    position: { stream: 'text', shard: 'shardId-0', sequenceNumber: `${sequenceNumber}` },
    partitionKey: 'k',
    arrivedAt: timeOf(0),
    data: Buffer.from(data),
  });
  if (!decoded) throw new Error('nothing was decoded');
  const rejection = decoded.rejection ?? { reason: 'inference-failed', message: 'it failed' };
  const object = failureObjectOf(decoded, rejection, timeOf(0));
  const key = failureObjectKey(decoded.position);
  return { decoded, rejection, key, text: JSON.stringify(object) };
}

async function get(path: string, overrides: Partial<HttpDeps> = {}, left = 29_000) {
  const { deps, table } = createHttpDeps(overrides);
  const answered = await handleRequest(
    proxyEvent('GET', path),
    { ...deps, ...overrides },
    () => left,
  );
  const { statusCode, body } = answerSchema.parse(answered);
  return { statusCode, body, table, json: JSON.parse(body) as unknown };
}
const pageOf = (json: unknown) => httpOperations.listFailures.answer.parse(json);

describe('GET /v1/failures', () => {
  it('answers what is parked, newest first: its bytes, its id, the field at fault', async () => {
    const wrong = '{"id":"ticket-1","text":" "}';
    const bad = parked(wrong, 1);
    const ill = parked('{"id":"ticket-2","text":"Ada"}', 2);
    const { failures } = bucketOf([bad, { ...ill, redrivenAt: timeOf(9) }]);

    const { statusCode, json } = await get('/v1/failures', { failures });

    expect(statusCode).toBe(200);
    const common = { stream: 'text', shard: 'shardId-0', arrivedAt: timeOf(0), truncated: false };
    expect(json).toEqual({
      hidden: false,
      failures: [
        {
          ...common,
          key: 'rejected/text/shardId-0/2.json',
          reason: 'inference-failed',
          message: 'it failed',
          id: 'ticket-2',
          sequenceNumber: '2',
          parkedAt: timeOf(1),
          redrivenAt: timeOf(9),
          size: ill.text.length,
          bytes: Buffer.from('{"id":"ticket-2","text":"Ada"}').toString('base64'),
        },
        {
          ...common,
          key: 'rejected/text/shardId-0/1.json',
          reason: 'invalid-record',
          message: bad.rejection.message,
          field: 'text',
          id: 'ticket-1',
          sequenceNumber: '1',
          parkedAt: timeOf(0),
          size: bad.text.length,
          bytes: Buffer.from(wrong).toString('base64'),
        },
      ],
    });
  });

  it('gives 16 KB of a record at most, and says that there is more', async () => {
    const data = Buffer.alloc(16_385, 0xff);
    const { failures } = bucketOf([parked(data, 1)]);

    const { json } = await get('/v1/failures', { failures });

    const [failure] = pageOf(json).failures;
    expect(Buffer.from(failure?.bytes ?? '', 'base64')).toEqual(data.subarray(0, 16_384));
    expect(failure).toMatchObject({ reason: 'undecodable', truncated: true });
    expect(failure).not.toHaveProperty('id');
  });

  it.each([
    ['no JSON', 'rejected/a/b/1.json', '{', 'no dead letter'],
    ['a foreign form', 'rejected/a/b/1.json', '{"version":2}', 'version'],
    ['a foreign key', 'rejected/notes.txt', 'hello', 'no dead letter'],
    ['what has expired meanwhile', 'rejected/a/b/1.json', refusal(404), 'not there'],
    ['what may not be read', 'rejected/a/b/1.json', refusal(403), 'may not be read'],
  ])('tells of %s, and of the others too', async (_, key, text, why) => {
    const good = parked('{', 7);
    const { failures } = bucketOf([good, { key, text }]);

    const { statusCode, body, json } = await get('/v1/failures', { failures });

    expect(statusCode).toBe(200);
    const [first, second] = pageOf(json).failures;
    expect(first).toMatchObject({ key, reason: 'unreadable' });
    expect(first?.message).toContain(why);
    expect(second).toMatchObject({ key: good.key, reason: 'invalid-json' });
    expect(body).not.toContain('secret');
  });

  it('reads no object that is larger than any dead letter', async () => {
    const { failures, read } = bucketOf([{ key: 'rejected/a/b/1.json', text: 'x' }]);
    const list = async () => ({
      objects: [{ key: 'rejected/a/b/1.json', size: 5e9, parkedAt: timeOf(0) }],
      isAll: true,
    });

    const { json } = await get('/v1/failures', { failures: { ...failures, list } });

    expect(pageOf(json).failures[0]).toMatchObject({ reason: 'unreadable', size: 5e9 });
    expect(read).toEqual([]);
  });

  it('tells of a batch that Lambda gave up without its bytes', async () => {
    const key = 'aws/lambda/uuid/shardId-0/2026/01/31/x';
    const { failures, read } = bucketOf([{ key, text: `{"payload":"${MAIL}"}` }]);

    const { json } = await get('/v1/failures?reason=abandoned', { failures });

    expect(pageOf(json).failures).toEqual([
      {
        key,
        reason: 'abandoned',
        message: 'Lambda gave up a batch; its records are in this object.',
        parkedAt: timeOf(0),
        size: expect.any(Number),
      },
    ]);
    expect(read).toEqual([]);
  });

  it('leads through all that is wanted by its cursors, each once, whatever the size of a page', async () => {
    const lying = Array.from({ length: 47 }, (_, at) =>
      parked(at % 3 === 0 ? '{' : '{"id":"x","text":"Ada"}', at),
    );
    const { failures } = bucketOf(lying);
    const wanted = lying.filter((_, at) => at % 3 === 0).map(({ key }) => key);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), async (limit) => {
        const keys: string[] = [];
        let cursor: string | undefined;
        do {
          const more = cursor === undefined ? '' : `&cursor=${cursor}`;
          const path = `/v1/failures?reason=invalid-json&limit=${limit}${more}`;
          const page = pageOf((await get(path, { failures })).json);
          expect(page.failures.length).toBeLessThanOrEqual(limit);
          keys.push(...page.failures.map(({ key }) => key));
          cursor = page.cursor;
        } while (cursor !== undefined);
        expect(keys).toEqual(wanted.toReversed());
      }),
      { numRuns: 10 },
    );
  });

  it('ends a page after so many objects, with a cursor, where few are what is asked for', async () => {
    const lying = Array.from({ length: 600 }, (_, at) => parked('{', at));
    const last = parked('{"id":"mine","text":"Ada"}', 1_000);
    const { failures, read } = bucketOf([last, ...lying]);

    const first = pageOf((await get('/v1/failures?id=mine', { failures })).json);
    const second = pageOf(
      (await get(`/v1/failures?id=mine&cursor=${first.cursor}`, { failures })).json,
    );

    expect(first.failures).toEqual([]);
    expect(second.failures.map(({ id }) => id)).toEqual(['mine']);
    expect(second.cursor).toBeUndefined();
    expect(read).toHaveLength(601);
  });

  it('says where the bucket holds more than is looked through', async () => {
    const { failures } = bucketOf([], false);

    expect((await get('/v1/failures', { failures })).json).toMatchObject({ incomplete: true });
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['reason=none', 'reason'],
    ['id=%20', 'id'],
    ['cursor=x', 'cursor'],
    [`cursor=${encodeCursor({ source: 'news' }, 'x')}`, 'cursor'],
    [`reason=abandoned&cursor=${encodeCursor({ failures: 'invalid-json ' }, 'x')}`, 'cursor'],
    [`cursor=${encodeCursor({ failures: ' ' }, 'x'.repeat(1_101))}`, 'cursor'],
    ['more=1', 'more'],
  ])('refuses %s and names the field', async (query, field) => {
    const { statusCode, json } = await get(`/v1/failures?${query}`);

    expect(statusCode).toBe(400);
    expect(problemSchema.parse(json).errors?.[0]?.field).toBe(field);
  });

  it.each([
    ['is ill', refusal(500), 29_000, 503],
    ['does not answer in time', undefined, 750, 504],
  ])('says where the bucket %s', async (_, error, left, status) => {
    const { failures } = bucketOf([]);
    const list = (_most: number, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        if (error) reject(error);
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });

    const { statusCode, body } = await get(
      '/v1/failures',
      { failures: { ...failures, list } },
      left,
    );

    expect(statusCode).toBe(status);
    expect(body).not.toContain('secret');
  });
});

describe('GET /v1/failures where personal data is to be hidden', () => {
  const hostile = [
    `{"id":"a","text":" ","${MAIL}":1}`,
    `{"id":"b","text":"Ada","attributes":{"${MAIL}":7}}`,
    `${MAIL} is no JSON`,
    `{"id":"${MAIL}","text":"Ada"}`,
    Buffer.from([0xff, ...Buffer.from(MAIL)]),
  ];

  it('reads no object and gives no byte, no field and no id of one', async () => {
    // Prepare
    const letters = hostile.map((data, at) => parked(data, at));
    const { failures, read } = bucketOf(letters);
    const { deps, table } = createHttpDeps({ failures, options: hiding });
    await table.putBatch(
      await Promise.all(
        letters.map(async ({ decoded, rejection }) =>
          createRejectionItem(decoded, rejection, hiding),
        ),
      ),
      never,
    );

    // Act
    const answered = await handleRequest(proxyEvent('GET', '/v1/failures'), deps, () => 29_000);
    const { body } = answerSchema.parse(answered);

    // Assess
    const page = pageOf(JSON.parse(body));
    expect(read).toEqual([]);
    expect(page.hidden).toBe(true);
    expect(page.failures.map(({ reason }) => reason)).toEqual(
      letters.map(({ rejection }) => rejection.reason).toReversed(),
    );
    for (const failure of page.failures) {
      expect(Object.keys(failure).sort()).toEqual([
        'arrivedAt',
        'key',
        'message',
        'parkedAt',
        'reason',
        'sequenceNumber',
        'shard',
        'size',
        'stream',
      ]);
    }
    expect(body).not.toContain(MAIL);
    expect(body).not.toContain(Buffer.from(MAIL).toString('base64').slice(0, 12));
  });

  it('hides what a rejection says that was stored before anything was to be hidden', async () => {
    const { redaction: _, ...open } = hiding;
    const letter = parked(`{"id":"a","text":"Ada","${MAIL}":1}`, 1);
    const { failures } = bucketOf([letter]);
    const { deps, table } = createHttpDeps({ failures, options: hiding });
    const rejection = rejectionOf(new Error(`${MAIL} is not a known field`));
    await table.putBatch([await createRejectionItem(letter.decoded, rejection, open)], never);

    const answered = await handleRequest(proxyEvent('GET', '/v1/failures'), deps, () => 29_000);

    expect(answerSchema.parse(answered).body).toContain('[EMAIL] is not a known field');
  });

  it('says of what has no rejection any more that nothing is known', async () => {
    const { failures, read } = bucketOf([parked('{', 1), { key: 'rejected/x', text: MAIL }]);

    const { json } = await get('/v1/failures', { failures, options: hiding });

    expect(pageOf(json).failures.map(({ reason }) => reason)).toEqual(['unreadable', 'unreadable']);
    expect(read).toEqual([]);
  });

  it('refuses to look for an id', async () => {
    const { statusCode, json } = await get('/v1/failures?id=a', { options: hiding });

    expect(statusCode).toBe(400);
    expect(problemSchema.parse(json).errors?.[0]?.field).toBe('id');
  });
});
