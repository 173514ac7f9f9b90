import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publishChanges } from '#consumers/metrics/publish-changes.ts';
import { createSimulation, imageOf, rejectionOf, resultOf, tableEvent } from './doubles.ts';
import { expectedMetrics } from './expected-metrics.ts';

const minute = () => 60_000;
const insertOf = (sequenceNumber: string, image: unknown) =>
  ({
    eventName: 'INSERT',
    dynamodb: {
      SequenceNumber: sequenceNumber,
      ApproximateCreationDateTime: 1_767_225_600,
      NewImage: image,
    },
  }) as DynamoDBRecord;
const batchOf = (Records: unknown[]) => ({ Records }) as unknown as DynamoDBStreamEvent;
const goodChanges = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    item: index % 7 === 3 ? rejectionOf(first + index) : resultOf(first + index),
    sequenceNumber: String(first + index),
  }));
const image = imageOf(resultOf(1)) as Record<string, unknown>;

const odd: [string, unknown][] = [
  ['a time that is none', { ...image, arrivedAt: { S: 'yesterday' } }],
  ['a time that is a number', { ...image, arrivedAt: { N: '1767225600' } }],
  ['a time without a date', { ...image, arrivedAt: { S: '1' } }],
  ['tokens beyond what a number holds', { ...image, tokens: { N: '1E+30' } }],
  ['tokens of twenty digits', { ...image, tokens: { N: '12345678901234567890' } }],
  ['tokens that are no number', { ...image, tokens: { N: 'NaN' } }],
  ['endless tokens', { ...image, tokens: { N: 'Infinity' } }],
  ['windows under zero', { ...image, windows: { N: '-1' } }],
  ['entities that are no list', { ...image, entities: { S: 'PER' } }],
  ['entities that are a map', { ...image, entities: { M: { length: { N: '1' } } } }],
  ['an entity that is none', { ...image, entities: { L: [{ NULL: true }] } }],
  [
    'a score that is no number',
    {
      ...image,
      entities: {
        L: [
          {
            M: {
              type: { S: 'PER' },
              text: { S: 'A' },
              start: { N: '0' },
              end: { N: '1' },
              score: { N: 'NaN' },
            },
          },
        ],
      },
    },
  ],
  ['a source that no dimension takes', { ...image, source: { S: 'né\n' } }],
  ['bytes in packed that are no Brotli', { ...image, packed: { B: 'AAECAw==' } }],
  ['no bytes in packed', { ...image, entities: undefined, packed: { B: '' } }],
  ['a text in packed', { ...image, entities: { S: '' }, packed: { S: 'x' } }],
  ['an attribute of no type', { ...image, tokens: {} }],
  ['an attribute of an unknown type', { ...image, tokens: { X: '1' } }],
  ['an attribute that is null', { ...image, tokens: null }],
  ['a foreign key', { pk: { S: 'USER#1' }, sk: { S: 'PROFILE' }, n: { N: '1E+125' } }],
  [
    'sets and nulls',
    { pk: { S: 'a' }, s: { NS: ['1', '9E99'] }, b: { BS: ['AA=='] }, z: { NULL: true } },
  ],
  ['nothing', {}],
  [
    'a rejection for no reason that is known',
    { ...imageOf(rejectionOf(1)), reason: { S: 'mood' } },
  ],
  ['an image that is no map', 'image'],
  ['a prototype', JSON.parse('{"__proto__": {"M": {"pk": {"S": "REC#1"}}}, "pk": {"S": "x"}}')],
];

describe('an odd item', () => {
  it.each(odd)('with %s is counted as ignored, and its neighbours as ever', async (_, one) => {
    const warned: unknown[] = [];
    const simulation = createSimulation();
    const deps = {
      ...simulation.deps,
      log: { ...simulation.deps.log, warn: (why: object) => void warned.push(why) },
    };
    const changes = goodChanges(10, 5);
    const { Records: good } = tableEvent(changes);
    const event = batchOf([...good.slice(0, 2), insertOf('15', one), ...good.slice(2)]);

    await publishChanges(event, deps, minute);
    await publishChanges(event, deps, minute);
    await publishChanges(batchOf([insertOf('16', one)]), deps, minute);

    expect(simulation.totals()).toEqual({
      ...expectedMetrics(changes.map(({ item }) => item)),
      ItemsIgnored: 2,
    });
    expect(warned).toHaveLength(2);
    expect(warned[0]).toMatchObject({ count: 1, first: [{ sequenceNumber: '15' }] });
  });

  it('is counted where only what is not counted of it is odd', async () => {
    const simulation = createSimulation();
    const uncounted = { text: { N: '1' }, sourceKey: { NULL: true }, attributes: { S: 'x' } };
    const entity = { M: { type: { S: 'PER' }, score: { N: '0.9' }, text: { BOOL: true } } };
    const one = { ...image, ...uncounted, entities: { L: [entity] } };

    await publishChanges(batchOf([insertOf('1', one)]), simulation.deps, minute);

    expect(simulation.totals()).toMatchObject({
      RecordsProcessed: 1,
      'EntitiesFound{Type=PER}': 1,
    });
    expect(simulation.totals()).not.toHaveProperty('ItemsIgnored');
  });

  it('is named in the log without a word of what it holds', async () => {
    const simulation = createSimulation();
    const warned: unknown[] = [];
    const deps = {
      ...simulation.deps,
      log: { error() {}, warn: (why: object) => void warned.push(why) },
    };
    const secret = 'Ada Lovelace, 12 St James’s Square';
    const images = odd.map(([, one]) =>
      one !== null && typeof one === 'object' ? { ...one, text: { S: secret } } : one,
    );
    const packed = { ...image, packed: { B: Buffer.from(secret).toString('base64') } };

    await publishChanges(
      batchOf([...images, packed].map((one, at) => insertOf(String(at + 1), one))),
      deps,
      minute,
    );

    expect(warned).toHaveLength(1);
    expect(JSON.stringify(warned)).not.toContain('Ada');
  });

  it('may be anything at all', async () => {
    const attribute = fc.oneof(
      fc.jsonValue(),
      fc.record({ S: fc.string() }),
      fc.record({
        N: fc.oneof(fc.string(), fc.constantFrom('1E+30', '1e400', '-0', '99999999999999999999')),
      }),
      fc.record({ B: fc.base64String() }),
      fc.record({ L: fc.array(fc.jsonValue()) }),
      fc.record({ M: fc.dictionary(fc.string(), fc.jsonValue()) }),
    );
    const names = fc.constantFrom(
      ...Object.keys(image),
      'packed',
      'reason',
      '__proto__',
      'constructor',
    );
    const damaged = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.string(), attribute),
      fc.tuple(names, attribute).map(([name, value]) => ({ ...image, [name]: value })),
    );
    const event = fc.oneof(
      damaged.map((one) => (number: string) => insertOf(number, one)),
      fc.jsonValue().map((any) => () => any),
      fc.jsonValue().map((any) => (SequenceNumber: string) => ({
        eventName: any,
        dynamodb: { SequenceNumber, ApproximateCreationDateTime: any, NewImage: any },
      })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 20 }), async (events) => {
        const simulation = createSimulation();
        const changes = goodChanges(1_000, 6);
        const { Records: good } = tableEvent(changes);
        const bad = events.map((make, index) => make(String(2_000 + index)));
        const batch = batchOf([...good.slice(0, 3), ...bad, ...good.slice(3)]);

        await publishChanges(batch, simulation.deps, minute);
        await publishChanges(batchOf(good), simulation.deps, minute);

        const totals = simulation.totals();
        for (const [key, sum] of Object.entries(expectedMetrics(changes.map(({ item }) => item)))) {
          // A damaged copy may by chance still be a result.
          expect(totals[key], key).toBeGreaterThanOrEqual(sum);
        }
        expect(totals.ItemsIgnored ?? 0).toBeLessThanOrEqual(bad.length);
        expect(JSON.stringify(simulation.published)).not.toContain('null');
      }),
      { numRuns: 400 },
    );
  });

  it('of a stream without images is ignored, and a change of an item is none', async () => {
    const simulation = createSimulation();
    const keysAlone = { eventName: 'INSERT', dynamodb: { SequenceNumber: '1', Keys: {} } };
    const removed = { eventName: 'REMOVE', dynamodb: { SequenceNumber: '2', OldImage: image } };

    await publishChanges(batchOf([keysAlone, removed, null, {}]), simulation.deps, minute);

    expect(simulation.totals()).toEqual({ ItemsIgnored: 3 });
  });

  it('does not hide behind the order of a batch, nor behind a record that comes twice in it', async () => {
    const simulation = createSimulation();
    const changes = goodChanges(9_995, 10);
    const { Records: good } = tableEvent(changes);

    await publishChanges(batchOf([...good].reverse().concat(good)), simulation.deps, minute);
    await publishChanges(batchOf(good), simulation.deps, minute);

    expect(simulation.totals()).toEqual(expectedMetrics(changes.map(({ item }) => item)));
  });
});

it('tells an operator, in the log and by an error, of what is no batch', async () => {
  const simulation = createSimulation();
  const told: unknown[] = [];
  const deps = {
    ...simulation.deps,
    log: { warn() {}, error: (why: object) => void told.push(why) },
  };

  await expect(publishChanges({} as DynamoDBStreamEvent, deps, minute)).rejects.toThrow('Records');

  expect(told).toHaveLength(1);
});
