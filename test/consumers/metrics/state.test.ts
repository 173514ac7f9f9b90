import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { digestOf, withDigests } from '#consumers/metrics/digests.ts';
import { createStateStore } from '#consumers/metrics/state.ts';
import type { Profile } from '#shared/drift/profile.ts';

const LARGEST_ITEM_BYTES = 400 * 1_024;

/** A client that knows GetItem and PutItem of one item, as it lies on the wire. */
function oneItem() {
  let stored: Record<string, unknown> | undefined;
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

/** Profiles of every task, with as many labels as have places, in every hour of a day. */
function largestTasks(): Profile['tasks'] {
  const names = Array.from({ length: 22 }, (_, at) => String(at).padStart(64, 'x'));
  const counts = {
    labels: Array<number>(22).fill(123_456_789),
    scores: Array<number>(5).fill(123_456_789),
  };
  const hours = Array.from({ length: 24 }, (_, hour) => ({
    hour: 1_800_000_000 + hour,
    ...counts,
  }));
  const task = { names, reference: counts, hours };
  return { entities: task, answers: task, labels: task, tags: task, pii: task };
}

describe('the item of the state', () => {
  it('stays under 400 KB with as much as is ever pending, each change of ten seconds of its own', async () => {
    const { store, largest } = oneItem();
    const changes = Array.from({ length: 5_000 + 80 }, (_, at) => ({
      digest: digestOf(String(at)),
      createdAt: Date.UTC(2026, 0, 1) + at * 10_000,
    }));
    const state = {
      ...{ version: 1, publicationNumber: 1, movedUntil: 1 },
      digests: withDigests({}, changes),
      profiles: ['p1', 'p2', 'p3'].map((pipelineVersion) => ({
        ...{ pipelineVersion, version: 1, wanted: 1_000_000, tasks: largestTasks() },
      })),
      pending: {
        ...{ number: 1, claimedAt: 1, claim: 'c'.repeat(36), later: [], refusals: 0 },
        data: [{ name: 'x'.repeat(80_000), unit: 'Count', values: [1], counts: [1] }],
      },
    } as const;

    await store.replace(undefined, state);

    expect(largest()).toBeLessThan(LARGEST_ITEM_BYTES);
    expect(await store.read()).toEqual(state);
  });
});
