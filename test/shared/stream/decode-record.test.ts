import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAggregate } from '#shared/stream/aggregate.ts';
import { decodeStreamRecord } from '#shared/stream/decode-record.ts';
import { growthOf, LINEAR } from '#test/fuzz/growth.ts';
import { encodeAggregate } from '../../../fixtures/texts/encode-aggregate.ts';

const decode = (data: Uint8Array | string) =>
  decodeStreamRecord({
    position: { stream: 's', shard: 'shardId-0', sequenceNumber: '1' },
    partitionKey: 'k',
    arrivedAt: '2026-01-01T00:00:00.000Z',
    data: typeof data === 'string' ? Buffer.from(data) : data,
  });
const reasonOf = (data: Uint8Array | string) =>
  decode(data).map(({ rejection }) => rejection?.reason);

describe('decodeStreamRecord', () => {
  it.each([
    ['invalid-json', '{"id":', /JSON/],
    ['invalid-record', '{"id":"a"}', /^text is required/],
    ['invalid-record', '{"id":"a","text":"x","attributes":{"__proto__":{}}}', /__proto__/],
    ['invalid-record', '{"id":"a","text":"x","constructor":"y"}', /^constructor is not a known/],
    ['invalid-record', '{"id":"a","text":"x","__proto__":{"y":1}}', /__proto__/],
    ['invalid-record', '{"id":1e999,"text":"x"}', /^id/],
    ['invalid-record', `{"id":"a","text":${'['.repeat(9e4)}${']'.repeat(9e4)}}`, /nested/],
    ['invalid-record', '{"id":"a","text":"\\ud800"}', /surrogate/],
    ['too-large', JSON.stringify({ id: 'a', text: 'é'.repeat(51_201) }), /^text must be at most/],
  ])('parks %s and names what is wrong', (reason, json, message) => {
    const [decoded] = decode(json);

    expect(decoded?.rejection?.reason).toBe(reason);
    expect(decoded?.rejection?.message).toMatch(message);
  });

  it('takes broken UTF-8 and gzip for undecodable', () => {
    expect(reasonOf(Buffer.from([0x22, 0xc3, 0x22]))).toEqual(['undecodable']);
    expect(reasonOf(Buffer.from([0x1f, 0x8b, 8, 0]))).toEqual(['undecodable']);
  });

  it('parks one bad record of an aggregate alone, numbered', () => {
    const data = encodeAggregate(
      ['{"id":"a","text":"x"}', '{'].map((text) => ({
        partitionKey: 'p',
        data: Buffer.from(text),
      })),
    );

    const [good, bad] = decode(data);

    expect(good?.record?.id).toBe('a');
    expect(bad).toMatchObject({
      rejection: { reason: 'invalid-json' },
      position: { subSequenceNumber: 1 },
      partitionKey: 'p',
    });
    expect(Buffer.from(bad?.data ?? []).toString()).toBe('{');
  });
});

describe('aggregates', () => {
  const members = fc.array(
    fc.record({
      partitionKey: fc.string({ unit: 'binary' }),
      data: fc.uint8Array({ maxLength: 300 }),
    }),
    { minLength: 1, maxLength: 40 },
  );

  it('come apart as they were put together', () => {
    fc.assert(
      fc.property(members, (given) => {
        const decoded = decodeAggregate(encodeAggregate(given));

        expect(decoded.map(({ partitionKey, data }) => [partitionKey, [...data]])).toEqual(
          given.map(({ partitionKey, data }) => [partitionKey, [...data]]),
        );
      }),
    );
  });

  it('are undecodable as a whole once a byte was changed or is missing', () => {
    fc.assert(
      fc.property(members, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, change) => {
        const whole = Buffer.from(encodeAggregate(given));
        const altered = Buffer.from(whole);
        const index = 4 + (at % (whole.length - 4));
        altered[index] = (altered[index] ?? 0) ^ change;

        for (const data of [altered, whole.subarray(0, index)]) {
          const [decoded, ...more] = decode(data);
          expect(decoded?.rejection?.reason).toBe('undecodable');
          expect(decoded?.data).toBe(data);
          expect(more).toEqual([]);
        }
      }),
    );
  });

  const varint = (value: bigint): number[] =>
    value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
  /** An aggregate around any message. */
  const framed = (...parts: (number[] | Uint8Array)[]): Buffer => {
    const message = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const sum = createHash('md5').update(message).digest();
    return Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), message, sum]);
  };
  const key = [0x0a, 1, 0x6b];
  const record = [0x1a, 6, 0x08, 0, 0x1a, 2, 0x7b, 0x7d];

  it.each([
    ['no record', framed(key)],
    ['nothing', framed()],
    ['an index past the table', framed(key, [0x1a, 4, 0x08, 1, 0x1a, 0])],
    ['an index of 64 bits', framed(key, [0x1a, 13, 0x08, ...varint(2n ** 64n - 1n), 0x1a, 0])],
    ['no index', framed(key, [0x1a, 2, 0x1a, 0])],
    ['no data', framed(key, [0x1a, 2, 0x08, 0])],
    ['a length past the end', framed(key, [0x1a, ...varint(2n ** 40n)])],
    ['a length of 64 bits', framed(key, [0x1a, ...varint(2n ** 63n)])],
    ['a number without end', framed(key, Array(40).fill(0x80))],
    ['a group', framed(key, [0x0b])],
    ['a field of number 0', framed(key, [0x00, 0])],
    ['a key that is no UTF-8', framed([0x0a, 1, 0xff], record)],
    ['another sum', Buffer.concat([framed(key, record).subarray(0, -1), Buffer.from([0])])],
    ['magic bytes alone', Buffer.from([0xf3, 0x89, 0x9a, 0xc2])],
  ])('that hold %s are parked whole, at once', (_, blob) => {
    expect(decode(blob)).toMatchObject([{ data: blob, rejection: { reason: 'undecodable' } }]);
  });

  it('may hold fields that are not known here', () => {
    const tag = [0x22, 0];
    const fixed = [0x39, 1, 2, 3, 4, 5, 6, 7, 8, 0x45, 1, 2, 3, 4];

    expect(reasonOf(framed([0x12, 1, 0x30], tag, fixed, key, record))).toEqual(['invalid-record']);
  });

  it.each([
    ['empty', () => ''],
    ['good', () => '{"id":"a","text":"x"}'],
    ['of keys of their own', (n: number) => `{"id":"${n}"}`],
    ['not even JSON', () => '['],
  ])('take time in proportion to their number, records %s', async (name, dataOf) => {
    const aggregateOf = (bytes: number) =>
      encodeAggregate(
        Array.from({ length: bytes / 6 }, (_, n) => ({
          partitionKey: name.includes('keys') ? `k${n}` : 'k',
          data: Buffer.from(dataOf(n)),
        })),
      );

    expect(await growthOf(decode, aggregateOf)).toBeLessThan(LINEAR);
  });
});
