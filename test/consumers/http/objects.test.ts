import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { decodeText, MAXIMUM_OBJECT_BYTES } from '#consumers/http/decode-text.ts';
import { handleRequest } from '#consumers/http/handle-request.ts';
import type { StoredObject, TextObjects } from '#consumers/http/text-objects.ts';
import { problemSchema } from '#shared/contracts/http-api.ts';
import { ValidationError } from '#shared/errors.ts';
import { isResult } from '#shared/results-table/stored-item.ts';
import { createHttpDeps, proxyEvent } from './doubles.ts';

const TEXT = 'Ada wrote.';
const ADDRESS = 's3://intake/letters/7.txt';
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const swapped = (text: string) => utf16(text).swap16();

/** An error as the SDK throws it. */
const refusal = (name: string, status: number) =>
  Object.assign(new Error(`secret ${name}`), { name, $metadata: { httpStatusCode: status } });

/** A bucket of that one object, or one that fails so. */
function bucketOf(object: Partial<StoredObject> | Error) {
  const asked: string[] = [];
  const intake: TextObjects = {
    name: 'intake',
    async get(key) {
      asked.push(key);
      if (object instanceof Error) throw object;
      return { bytes: Buffer.from(TEXT), ...object };
    },
  };
  return { intake, asked };
}

async function ask(
  body: object,
  object: Partial<StoredObject> | Error = {},
  path = '/v1/entities',
  overrides: Parameters<typeof createHttpDeps>[0] = {},
) {
  const { intake, asked } = bucketOf(object);
  const { deps, table } = createHttpDeps({ intake, ...overrides });
  const event = proxyEvent('POST', path, body);
  const answer = z
    .object({ statusCode: z.number(), headers: z.record(z.string(), z.string()), body: z.string() })
    .parse(await handleRequest(event, deps, () => 60_000));
  const json: unknown = JSON.parse(answer.body);
  return { ...answer, json, asked, stored: table.items().filter(isResult) };
}

describe('a call that names an object', () => {
  it.each([
    ['/v1/entities', {}],
    ['/v1/labels', {}],
    ['/v1/tags', {}],
    ['/v1/pii', {}],
    ['/v1/analyze', { questions: ['Who?'], attributes: { mine: 'kept' } }],
    ['/v1/answers', { question: 'Who?' }],
  ])(
    'is answered as if its text stood there, and its result says where from: %s',
    async (path, more) => {
      const field = path === '/v1/answers' ? 'context' : 'text';

      const byReference = await ask({ object: ADDRESS, id: 'a', ...more }, {}, path);
      const byValue = await ask({ [field]: TEXT, id: 'a', ...more }, {}, path);

      expect(byReference.statusCode).toBe(200);
      expect(byReference.asked).toEqual(['letters/7.txt']);
      expect(byValue.asked).toEqual([]);
      const [stored] = byReference.stored;
      const [plain] = byValue.stored;
      expect(stored?.text).toBe(TEXT);
      expect(stored?.attributes).toEqual({ 'file.name': ADDRESS, ...plain?.attributes });
      expect({ ...stored, attributes: 0, ...momentsOf(plain) }).toEqual({
        ...plain,
        attributes: 0,
      });
      if (path !== '/v1/analyze') expect(byReference.json).toEqual(byValue.json);
    },
  );

  /** When a call was made is in its result. */
  const momentsOf = (item: object = {}) => {
    const { arrivedAt, sequenceNumber, sourceOrder } = item as Record<string, unknown>;
    return { arrivedAt, sequenceNumber, sourceOrder };
  };

  it('is not recorded where it says so', async () => {
    const { statusCode, stored } = await ask({ object: ADDRESS, store: false });

    expect([statusCode, stored]).toEqual([200, []]);
  });

  it('hides personal data of the object, and of its address, in what is stored', async () => {
    const object = 's3://intake/ada@example.org.txt';
    const options = {
      ...{ storeText: true, retentionDays: 0 },
      redaction: { mode: 'type' as const, key: '0123456789abcdef' },
    };

    const { statusCode, stored } = await ask(
      { object },
      { bytes: Buffer.from('Ada: bob@example.org') },
      '/v1/entities',
      { options },
    );

    expect(statusCode).toBe(200);
    expect(stored).toHaveLength(1);
    expect(JSON.stringify(stored)).not.toMatch(/(ada|bob)@example/);
  });

  it('is known by it alone in a direct invocation', async () => {
    const { intake } = bucketOf({});
    const { deps } = createHttpDeps({ intake });

    const answer = await handleRequest({ object: ADDRESS }, deps, () => 60_000);

    expect(answer).toMatchObject({ results: [{ index: 0 }], errors: [] });
  });

  it.each<[string, Partial<StoredObject> | Error, number, RegExp]>([
    ['is not there', refusal('NoSuchKey', 404), 400, /^object is not there$/],
    ['may not be read', refusal('AccessDenied', 403), 400, /^object is not there, or may not/],
    ['is archived', refusal('InvalidObjectState', 403), 400, /^object is archived/],
    ['is blank', { bytes: Buffer.from(' \n') }, 400, /^object must not be blank$/],
    ['is empty', { bytes: Buffer.alloc(0) }, 400, /^object must not be blank$/],
    [
      'is no text',
      { contentType: 'application/pdf' },
      400,
      /^object is no text: .* application\/pdf$/,
    ],
    ['is no UTF-8', { bytes: Buffer.from([0x41, 0xff]) }, 400, /^object is not valid utf-8/],
    [
      'is in a charset of nobody',
      { contentType: 'text/plain; charset=klingon' },
      400,
      /^object is in a charset that is not known: klingon$/,
    ],
    [
      'is packed otherwise',
      { contentEncoding: 'br' },
      400,
      /^object has a content encoding .*: br$/,
    ],
    ['is said to be packed', { contentEncoding: 'gzip' }, 400, /^object is not valid gzip$/],
    [
      'is over the limit of texts',
      { bytes: Buffer.alloc(102_401, 'a') },
      413,
      /^object must be at most 102400 bytes of UTF-8$/,
    ],
    [
      'unpacks to far more',
      { bytes: gzipSync(Buffer.alloc(50_000_000)), contentEncoding: 'gzip' },
      413,
      /^object must be at most 409600 bytes$/,
    ],
  ])('is told what is wrong with an object that %s', async (_case, object, status, detail) => {
    const { statusCode, json, stored } = await ask({ object: ADDRESS }, object);

    const problem = problemSchema.parse(json);
    expect([statusCode, problem.errors?.[0]?.field]).toEqual([status, 'object']);
    expect(problem.detail).toMatch(detail);
    expect(stored).toEqual([]);
  });

  it.each([refusal('SlowDown', 503), refusal('NoSuchBucket', 404), new Error('ECONNRESET')])(
    'is asked to try again where S3 is ill, and told nothing else: %s',
    async (fault) => {
      const { statusCode, headers, body } = await ask({ object: ADDRESS }, fault);

      expect(statusCode).toBe(503);
      expect(headers['retry-after']).toBe('1');
      expect(body).not.toContain(fault.message);
    },
  );

  it.each([
    ['s3://other/letters/7.txt', /^object must be in the intake bucket, intake, and not in other$/],
    ['https://intake/letters/7.txt', /^object must be an address such as/],
    ['s3://intake/', /^object must be an address such as/],
    ['s3://intake/../other/7.txt', /^object must not have \. or \.\. in its key$/],
    ['s3://intake/./7.txt', /^object must not have/],
    [`s3://intake/${'é'.repeat(513)}`, /^object must have a shorter key$/],
    [`s3://intake/${'k'.repeat(2_000)}`, /^object must be a shorter address$/],
    ['s3://intake/\ud800', /^object must be well-formed Unicode$/],
    [7, /^object must be a string$/],
  ])('reads no object that it must not: %j', async (object, detail) => {
    const { statusCode, json, asked } = await ask({ object });

    expect(statusCode).toBe(400);
    expect(problemSchema.parse(json).detail).toMatch(detail);
    expect(asked).toEqual([]);
  });

  it.each([
    [{ object: ADDRESS, text: 'Ada' }, '/v1/entities', 'text must not stand beside object'],
    [{ object: ADDRESS, texts: ['Ada'] }, '/v1/pii', 'texts must not stand beside object'],
    [{ object: ADDRESS, text: 'Ada' }, '/v1/analyze', 'text must not stand beside object'],
    [
      { object: ADDRESS, context: 'Ada', question: 'Who?' },
      '/v1/answers',
      'context must not stand beside object',
    ],
    [{}, '/v1/analyze', 'text is required, or object'],
    [{ question: 'Who?' }, '/v1/answers', 'context is required, or object'],
    [{}, '/v1/tags', 'texts is required, or text, or object'],
  ])('names one text and no other: %j %s', async (body, path, detail) => {
    const { statusCode, json } = await ask(body, {}, path);

    expect(statusCode).toBe(400);
    expect(json).toMatchObject({ detail });
  });

  it('cannot be served where the deployment has no intake bucket', async () => {
    const { statusCode, json } = await ask({ object: ADDRESS }, {}, '/v1/entities', {
      intake: undefined,
    });

    expect(statusCode).toBe(400);
    expect(json).toMatchObject({ errors: [{ field: 'object' }] });
  });

  it('is given up with the time of its request', async () => {
    const intake: TextObjects = {
      name: 'intake',
      get: (_key, _most, signal) =>
        new Promise((_resolve, refuse) => {
          signal.addEventListener('abort', () => refuse(new Error('aborted')));
        }),
    };
    const { deps } = createHttpDeps({ intake });

    const event = proxyEvent('POST', '/v1/entities', { object: ADDRESS });
    const answer = await handleRequest(event, deps, () => 750);

    expect(answer).toMatchObject({ statusCode: 504 });
  });
});

describe('decodeText', () => {
  const plain = (charset?: string) =>
    charset === undefined ? {} : { contentType: `text/plain; charset=${charset}` };

  it.each<[string, Uint8Array, { contentType?: string; contentEncoding?: string }, string]>([
    ['UTF-8 unless said', Buffer.from('Zürich 東京'), {}, 'Zürich 東京'],
    ['no type', Buffer.from('é'), { contentType: 'binary/octet-stream' }, 'é'],
    ['a mark of UTF-8', Buffer.from('\ufeffé'), plain('utf-8'), 'é'],
    ['UTF-16, small end first', utf16('é東'), plain('utf-16le'), 'é東'],
    ['UTF-16, large end first', swapped('é東'), plain('UTF-16BE'), 'é東'],
    ['UTF-16 by its mark', swapped('\ufeffé東'), plain('utf-16'), 'é東'],
    ['a mark against the header', utf16('\ufeffé東'), plain('iso-8859-1'), 'é東'],
    ['Latin 1', Buffer.from([0x5a, 0xfc]), plain('iso-8859-1'), 'Zü'],
    ['Windows', Buffer.from([0x93, 0x80, 0x94]), plain('windows-1252'), '“€”'],
    ['Shift JIS', Buffer.from([0x93, 0x8c, 0x8b, 0x9e]), plain('Shift_JIS'), '東京'],
    ['EUC', Buffer.from([0xc5, 0xec, 0xb5, 0xfe]), plain('"euc-jp"'), '東京'],
    ['GB 18030', Buffer.from([0xb1, 0xb1, 0xbe, 0xa9]), plain('gb18030'), '北京'],
    ['gzip', gzipSync('é'), { contentEncoding: 'GZIP' }, 'é'],
    ['chunks of a client', Buffer.from('é'), { contentEncoding: 'aws-chunked' }, 'é'],
    ['both', gzipSync(utf16('é')), { ...plain('utf-16le'), contentEncoding: 'gzip' }, 'é'],
  ])('reads %s', (_case, bytes, headers, text) => {
    expect(decodeText(bytes, headers)).toBe(text);
  });

  it.each<[string, Uint8Array, string]>([
    ['Shift JIS', Buffer.from([0x93]), 'shift_jis'],
    ['EUC', Buffer.from([0xc5]), 'euc-jp'],
    ['UTF-16', Buffer.from([0x00, 0xd8, 0x41, 0x00]), 'utf-16le'],
    ['GB 18030', Buffer.from([0xff]), 'gb18030'],
  ])('refuses what is no %s', (_case, bytes, charset) => {
    expect(() => decodeText(bytes, plain(charset))).toThrow(`object is not valid ${charset}`);
  });

  it('throws nothing but its own error, whatever bytes and headers it is given', () => {
    const charsets = ['utf-8', 'utf-16be', 'big5', 'euc-kr', 'iso-2022-jp', 'x-user-defined', ''];
    for (const charset of charsets) {
      for (let first = 0; first < 256; first++) {
        for (const contentEncoding of ['', 'gzip', 'gzip, gzip']) {
          try {
            decodeText(Buffer.from([first, 0xff, 0x1b]), { ...plain(charset), contentEncoding });
          } catch (error) {
            expect(error).toBeInstanceOf(ValidationError);
          }
        }
      }
    }
    expect(MAXIMUM_OBJECT_BYTES).toBe(409_600);
  });
});
