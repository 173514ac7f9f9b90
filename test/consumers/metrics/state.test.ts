import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publishChanges } from '#consumers/metrics/publish-changes.ts';
import { createStateStore, positionOf, withPosition } from '#consumers/metrics/state.ts';
import { createSimulation, resultOf, tableEvent } from './doubles.ts';
import { expectedMetrics } from './expected-metrics.ts';

const LARGEST_ITEM_BYTES = 400 * 1_024;
const HOUR = 3_600_000;
const minute = () => 60_000;

/** A client that knows GetItem and PutItem of one item, as it lies on the wire. */
function oneItem(first?: object) {
  let stored = first as Record<string, unknown> | undefined;
  let largest = 0;
  const client = {
    async send(command: { constructor: { name: string }; input: { Item?: object } }) {
      if (command.constructor.name === 'GetCommand') return { Item: stored };
      const image = marshall(command.input.Item, { removeUndefinedValues: true });
      stored = unmarshall(image);
      // What DynamoDB counts is less: it has no names of types and no quotes.
      largest = Math.max(largest, Buffer.byteLength(JSON.stringify(image)));
      return {};
    },
  } as unknown as DynamoDBDocumentClient;
  return { store: createStateStore(client, 't'), largest: () => largest };
}

/** Names and numbers as DynamoDB Streams makes them. */
const shardName = (index: number) =>
  `shardId-${String(1_700_000_000_000 + index).padStart(20, '0')}-${(index * 2_654_435_761).toString(16).slice(-8)}`;
const sequenceNumber = (index: number, digits = 21) =>
  `4${String(index).padStart(digits - 1, '0')}`;

describe('positions', () => {
  it('are those that were written last, of any shards in any order', () => {
    const steps = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'shardId-1', 'shardId-11'), fc.bigInt(0n, 10n ** 40n)),
    );
    fc.assert(
      fc.property(steps, (written) => {
        const last = new Map<string, bigint>();
        let state: Parameters<typeof withPosition>[0] = { positions: '' };
        for (const [shard, upTo] of written) {
          last.set(shard, upTo);
          state = withPosition(state, shard, { upTo, createdAt: 1_000 }, 1_000);
        }

        for (const [shard, upTo] of last) expect(positionOf(state.positions, shard)).toBe(upTo);
        expect(positionOf(state.positions, 'never')).toBeUndefined();
        expect(state.positions.split('\n')).toHaveLength(last.size + 1);
      }),
    );
  });
});

describe('the item of the state', () => {
  it.each([
    [8_000, 21],
    [5_000, 40],
  ])(
    'stays under 400 KB with %i shards in a day, whose numbers have %i digits',
    async (shards, digits) => {
      const { store, largest } = oneItem();
      const start = Date.UTC(2026, 0, 1);
      const perShard = (24 * HOUR) / shards;
      const largestData = [
        { name: 'x'.repeat(80_000), unit: 'Count', values: [1], counts: [1] },
      ] as const;
      let state: Awaited<ReturnType<typeof store.read>>;
      for (let index = 0; index < shards; index++) {
        const now = start + index * perShard;
        const counted = { upTo: BigInt(sequenceNumber(index, digits)), createdAt: now };
        const { positions, forgottenUpTo } = withPosition(
          state ?? { positions: '' },
          shardName(index),
          counted,
          now,
        );
        const next = {
          version: index,
          publicationNumber: index,
          positions,
          ...(forgottenUpTo !== undefined && { forgottenUpTo }),
          // As much as is ever pending.
          pending: {
            number: index,
            data: largestData,
            later: [],
            refusals: 0,
            claimedAt: now,
            claim: 'c'.repeat(36),
          },
        } as const;
        if (index % 1_000 === 999) await store.replace(state, next);
        state = next;
      }

      const known = (state?.positions.length ?? 0) > 0 ? state?.positions.split('\n').length : 0;
      expect(largest()).toBeLessThan(LARGEST_ITEM_BYTES);
      expect(known).toBeGreaterThan(2_000);
      expect(state?.forgottenUpTo).toBeGreaterThan(start);
    },
  );

  it('counts once as long as a batch is delivered before its shard is forgotten, and never twice', async () => {
    const simulation = createSimulation();
    const changeOf = (index: number) => ({
      item: resultOf(index, 'news', 1),
      sequenceNumber: sequenceNumber(index),
    });
    const shards = 3_600;
    const deliver = (index: number) => {
      const event = tableEvent(shardName(index), [changeOf(index)]);
      for (const { dynamodb } of event.Records) {
        if (dynamodb) dynamodb.ApproximateCreationDateTime = simulation.clock.now / 1_000;
      }
      return { event, count: () => publishChanges(event, simulation.deps, minute) };
    };
    const delivered = [];
    for (let index = 0; index < shards; index++) {
      simulation.clock.now += 1_000;
      const one = deliver(index);
      delivered.push(one);
      await one.count();
    }
    const once = simulation.totals();

    for (const again of [...delivered.slice(0, 50), ...delivered.slice(-3_000)]) {
      await publishChanges(again.event, simulation.deps, minute);
    }

    expect(once).toEqual(
      expectedMetrics(Array.from({ length: shards }, (_, index) => changeOf(index).item)),
    );
    // The first fifty were forgotten: that they come again is told, and counted no second time.
    expect(simulation.totals()).toEqual({ ...once, ItemsIgnored: 50 });
  });

  it('is read as the version before wrote it, and goes on where that was', async () => {
    const now = Date.UTC(2026, 0, 1);
    const data = [
      { name: 'RecordsProcessed', unit: 'Count', values: [3], counts: [1] },
      { name: 'PublicationNumber', unit: 'None', values: [8], counts: [1] },
    ];
    const { store } = oneItem({
      pk: 'METRICS',
      version: 5,
      publicationNumber: 8,
      shards: {
        b: { countedUpTo: '200', at: now },
        a: { countedUpTo: '400000000024465870661', at: now - HOUR },
      },
      pending: { number: 8, claimedAt: now, claim: 'c', payload: JSON.stringify(data) },
    });

    const state = await store.read();

    expect(positionOf(state?.positions ?? '', 'a')).toBe(400000000024465870661n);
    expect(positionOf(state?.positions ?? '', 'b')).toBe(200n);
    expect(state).toMatchObject({
      version: 5,
      publicationNumber: 8,
      pending: { number: 8, claim: 'c', data: [data[0]], later: [], refusals: 0 },
    });
  });

  it('counts a batch that was given up under another shard’s name, once however often', async () => {
    const simulation = createSimulation();
    const changes = [1, 2, 3].map((index) => ({
      item: resultOf(index),
      sequenceNumber: String(index),
    }));
    await publishChanges(
      tableEvent('s', [{ item: resultOf(9), sequenceNumber: '9' }]),
      simulation.deps,
      minute,
    );

    for (const shard of ['s', 's-again', 's-again']) {
      await publishChanges(tableEvent(shard, changes), simulation.deps, minute);
    }

    expect(simulation.totals()).toEqual(
      expectedMetrics([9, 1, 2, 3].map((index) => resultOf(index))),
    );
  });
});
