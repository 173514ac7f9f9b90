import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAggregate, encodeAggregate } from '#shared/stream/aggregate.ts';
import { decodeStreamRecord } from '#shared/stream/decode-record.ts';

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
});
