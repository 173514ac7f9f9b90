import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromAttributes, toAttributes } from '#shared/results-table/attribute-values.ts';
import { createGetBatch, createPutBatch } from '#shared/results-table/dynamodb-results.ts';
import { fromStoredItem, toStoredItem } from '#shared/results-table/stored-item.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { resultOf } from '#test/consumers/metrics/doubles.ts';

const name = fc.oneof(
  fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype)),
  fc.string({ maxLength: 8 }),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}));
const item = fc.dictionary(name, value);

describe('toAttributes', () => {
  it('gives any item back exactly, and through JSON as well', () => {
    fc.assert(
      fc.property(item, (given) => {
        const sent: unknown = JSON.parse(JSON.stringify(toAttributes(given)));
        const plain = JSON.stringify(given);

        expect(JSON.stringify(fromAttributes(toAttributes(given)))).toBe(plain);
        expect(JSON.stringify(fromAttributes(sent as never))).toBe(plain);
      }),
    );
  });

  it('names what cannot be stored', () => {
    expect(() => toAttributes({ a: { b: Number.NaN } })).toThrow('b cannot be stored: it is NaN');
    expect(() => toAttributes({ a: [1n] })).toThrow('a cannot be stored: it is 1');
    expect(toAttributes({ a: undefined, b: 1 })).toEqual({ b: { N: '1' } });
  });
});

describe('fromAttributes', () => {
  it('reads whatever DynamoDB may hold', () => {
    const foreign = {
      n: { N: '18446744073709551616' },
      e: { N: '1E+30' },
      packed: { B: 'AAEC' },
      s: { SS: ['a'] },
      ns: { NS: ['1', '2'] },
      bs: { BS: ['AAEC'] },
    };

    const read = fromAttributes(foreign as never);

    expect(read).toMatchObject({ n: 2 ** 64, e: 1e30, s: ['a'], ns: [1, 2] });
    expect([...(read.packed as Uint8Array)]).toEqual([0, 1, 2]);
  });
});

describe('fromAttributes of what is wanted', () => {
  it('reads that alone, in items, maps and lists, and nothing that is not there', () => {
    const sent = toAttributes({
      ...{ a: 1, b: { c: 2, d: 3 }, packed: new Uint8Array([1]) },
      l: [{ x: 4, y: [5] }, { y: [6] }],
    });

    const read = fromAttributes(sent, {
      a: undefined,
      b: { d: undefined },
      l: { x: undefined },
      z: {},
    });

    expect(read).toEqual({ a: 1, b: { d: 3 }, l: [{ x: 4 }, {}] });
  });
});

describe('fromStoredItem', () => {
  it('takes no foreign or damaged item for one of ours, and never throws', () => {
    const packed = toStoredItem({
      ...resultOf(1),
      text: 'x'.repeat(102_400),
      entities: Array.from({ length: 9_000 }, (_, n) => ({
        type: 'LOC',
        text: 'x',
        start: n * 2,
        end: n * 2 + 1,
        score: 0.9,
      })),
    });
    expect(fromStoredItem(packed)).toMatchObject({ id: 'r1' });

    const bytes = Buffer.from(packed.packed as Uint8Array);
    for (const damage of [
      { packed: bytes.subarray(0, bytes.length / 2) },
      { packed: Buffer.from('{}') },
      { packed: 'text' },
      { arrivedAt: 'yesterday' },
      { pk: 1e30 },
      { tokens: 2 ** 64 },
      { sk: null },
    ]) {
      expect(fromStoredItem({ ...packed, ...damage })).toBeUndefined();
    }
    fc.assert(fc.property(item, (any) => void fromStoredItem(any)));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (any) => {
        expect(fromStoredItem({ ...packed, packed: any })).toBeUndefined();
      }),
    );
  });
});

describe('the results writer on DynamoDB', () => {
  /** A client whose service keeps what it is sent, and refuses calls that hold an item with this id. */
  function table(refused?: string) {
    const stored = new Map<string, unknown>();
    const calls: number[] = [];
    const json = (statusCode: number, body: unknown) => ({
      response: { statusCode, headers: {}, body: Buffer.from(JSON.stringify(body)) },
    });
    const client = DynamoDBDocumentClient.from(
      new DynamoDBClient({
        region: 'eu-west-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
        requestHandler: {
          handle: async ({ body }: { body: Uint8Array | string }) => {
            const { RequestItems } = JSON.parse(Buffer.from(body).toString());
            if (RequestItems.t.Keys) {
              const Responses = {
                t: RequestItems.t.Keys.map((key: { pk: { S: string } }) => stored.get(key.pk.S)),
              };
              return json(200, { Responses, UnprocessedKeys: {} });
            }
            const items = RequestItems.t.map(
              (put: { PutRequest: { Item: unknown } }) => put.PutRequest.Item,
            );
            calls.push(items.length);
            if (items.some((one: { id: { S: string } }) => one.id.S === refused)) {
              return json(400, { __type: 'com.amazon.coral.validate#ValidationException' });
            }
            for (const one of items) stored.set(one.pk.S, one);
            return json(200, { UnprocessedItems: {} });
          },
        } as never,
      }),
    );
    return {
      calls,
      writer: createResultsWriter({ putBatch: createPutBatch(client, 't') }),
      getBatch: createGetBatch(client, 't'),
    };
  }

  it('stores attributes of any name, and reads them back', async () => {
    const { writer, getBatch } = table();
    const attributes = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}');
    const result = { ...resultOf(1), attributes };

    expect(await writer.write([result], Date.now() + 5_000)).toEqual([{ status: 'stored' }]);
    const { items } = await getBatch([result]);

    expect(JSON.stringify(fromStoredItem(items[0] ?? {})?.['attributes' as never])).toBe(
      JSON.stringify(attributes),
    );
  });

  it.each(['refused', 'unstorable'])(
    'finds the one item that is %s, in few calls',
    async (kind) => {
      const { writer, calls } = table(kind === 'refused' ? 'r7' : undefined);
      const items = Array.from({ length: 25 }, (_, n) => ({
        ...resultOf(n),
        ...(kind === 'unstorable' && n === 7 && { attributes: { k: 1n as never } }),
      }));

      const outcomes = await writer.write(items, Date.now() + 5_000);

      expect(outcomes.map(({ status }) => status)).toEqual(
        items.map((_, n) => (n === 7 ? 'refused' : 'stored')),
      );
      expect(calls.length).toBeLessThanOrEqual(11);
    },
  );
});
