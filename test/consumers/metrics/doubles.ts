import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, type PutCommand, type QueryCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import type { MetricsService, PutOutcome } from '#consumers/metrics/cloudwatch.ts';
import { createDigestStore } from '#consumers/metrics/digest-store.ts';
import type { ProfileStore } from '#consumers/metrics/profiles.ts';
import type { MetricsDeps } from '#consumers/metrics/publication.ts';
import type { MetricsState, StateStore } from '#consumers/metrics/state.ts';
import type { MetricDatum } from '#consumers/metrics/summarize.ts';
import type { Profile } from '#shared/drift/profile.ts';
import { metricKey } from '#shared/metric-names.ts';
import { createResultItem } from '#shared/results-table/result-item.ts';
import { type TableItem, toStoredItem } from '#shared/results-table/stored-item.ts';

/** What may go wrong at a step: nothing, a kill before or after its effect, a lost answer, a refusal. */
export type Mishap =
  | 'none'
  | 'kill-before'
  | 'kill-after'
  | 'lost'
  | 'lost-request'
  | 'throttle'
  | 'refuse';

/** How long the double takes until a publication can be read back: less than the `readBackMs` it is used with. */
const DELAY_MS = 1_900;

/**
 * A state table, a CloudWatch and a clock in memory, with mishaps to order.
 *
 * @param answer how CloudWatch takes data; it takes all unless told
 */
export function createSimulation(
  mishap: () => Mishap = () => 'none',
  yields: () => number = () => 0,
  answer: (data: readonly MetricDatum[]) => PutOutcome['status'] = () => 'arrived',
) {
  const clock = { now: Date.UTC(2026, 0, 1) };
  let state: MetricsState | undefined;
  const published: { data: readonly MetricDatum[]; timestamp: number; seenFrom: number }[] = [];

  async function step<T>(effect: () => T): Promise<T> {
    for (let left = yields(); left > 0; left--) await Promise.resolve();
    const what = mishap();
    if (what === 'kill-before') throw new Error('killed');
    const value = effect();
    if (what === 'kill-after') throw new Error('killed');
    return value;
  }

  const store: StateStore = {
    read: () => step(() => state),
    replace: (previous, next) =>
      step(() => {
        if (state?.version !== previous?.version) return false;
        state = structuredClone(next);
        return true;
      }),
  };
  const moved = new Map<string, DigestItem>();
  const client = digestClient(moved, step);
  const stored = new Map<string, Profile>();
  const profiles: ProfileStore = {
    read: (pipelineVersion) => step(() => structuredClone(stored.get(pipelineVersion))),
    write: (profile) =>
      step(() => {
        const { pipelineVersion, version } = profile;
        if ((stored.get(pipelineVersion)?.version ?? 0) >= version) return;
        stored.set(pipelineVersion, structuredClone(profile));
      }),
  };
  const service: MetricsService = {
    put: async (data, timestamp): Promise<PutOutcome> => {
      const status = answer(data);
      if (status !== 'arrived') return { status, reason: 'so it is ordered' };
      const what = mishap();
      if (what === 'throttle') return { status: 'throttled', reason: 'slow down' };
      if (what === 'refuse') return { status: 'refused', reason: 'no' };
      if (what === 'lost-request') return { status: 'unknown', reason: 'connection reset' };
      await step(() =>
        published.push({ data: structuredClone(data), timestamp, seenFrom: clock.now + DELAY_MS }),
      );
      return what === 'lost' ? { status: 'unknown', reason: 'timed out' } : { status: 'arrived' };
    },
    largestNumber: (around) =>
      step(() => {
        const numbers = published
          .filter(({ seenFrom }) => seenFrom <= clock.now)
          .filter(({ timestamp }) => Math.abs(timestamp - around) <= 60_000)
          .flatMap(
            ({ data }) => data.find(({ name }) => name === 'PublicationNumber')?.values ?? [],
          );
        return numbers.length > 0 ? Math.max(...numbers) : undefined;
      }),
  };
  const deps: MetricsDeps = {
    store,
    digests: createDigestStore(client, 'state'),
    profiles,
    drift: { tasks: ['entities', 'answers'], texts: 20 },
    service,
    lowConfidenceThreshold: 0.5,
    readBackMs: 2_000,
    log: { warn() {}, error() {} },
    now: () => clock.now,
    async wait(milliseconds) {
      clock.now += milliseconds;
      await Promise.resolve();
    },
  };
  return {
    deps,
    /** What another environment of the function works with: the same, but for what it remembers. */
    environment: (): MetricsDeps => ({ ...deps, digests: createDigestStore(client, 'state') }),
    ...{ clock, published, moved, profiles: stored },
    state: () => state,
    totals: () => totalsOf(published),
    drift: () => driftIn(published),
  };
}

type DigestItem = { readonly pk: string; readonly sk: string; readonly digests: string };

/** A client that puts and queries items of digests in a map, each call one step. */
export const digestClient = (
  items: Map<string, DigestItem>,
  step: <T>(effect: () => T) => Promise<T> = async (effect) => effect(),
): DynamoDBDocumentClient =>
  Object.assign(Object.create(DynamoDBDocumentClient.prototype), {
    send: ({ input }: PutCommand | QueryCommand) =>
      step(() => {
        if ('Item' in input) {
          const item = input.Item as DigestItem;
          items.set(`${item.pk} ${item.sk}`, item);
          return {};
        }
        const { ':pk': pk, ':from': from, ':to': to } = input.ExpressionAttributeValues ?? {};
        const found = [...items.values()].filter(
          (item) => item.pk === pk && item.sk >= from && item.sk <= to,
        );
        return { Items: found };
      }),
  });

/** The drift of tasks as it was published last. */
const driftIn = (published: readonly { data: readonly MetricDatum[] }[]) =>
  Object.fromEntries(
    published
      .flatMap(({ data }) => data)
      .filter(({ name }) => name === 'Drift')
      .map(({ dimensions, values }) => [dimensions?.Task, values]),
  );

/** Sums of all that was published that adds up, by `metricKey`: all but latency, drift and the publication's number. */
function totalsOf(published: readonly { data: readonly MetricDatum[] }[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { name, dimensions, values, counts } of published.flatMap(({ data }) => data)) {
    if (['EndToEndLatency', 'Drift', 'PublicationNumber'].includes(name)) continue;
    const sum = values.reduce((total, value, index) => total + value * (counts[index] ?? 0), 0);
    const key = metricKey(name, dimensions);
    if (sum > 0) sums[key] = (sums[key] ?? 0) + sum;
  }
  return sums;
}

/** A result of the table, different for each number; with so many entities as given, or with a few. */
export function resultOf(
  number: number,
  source = 'news',
  entityCount: number = number % 4,
): TableItem {
  const types = ['PER', 'ORG', 'MADE-UP'];
  return createResultItem(
    {
      record: { id: `r${number}`, text: `Ada ${number}`, source },
      questions: number % 3 === 0 ? ['Who?', 'When?'] : [],
      analysis: {
        entities: Array.from({ length: entityCount }, (_, index) => ({
          type: types[(number + index) % 3] ?? 'PER',
          text: 'Ada',
          start: 0,
          end: 3,
          score: ((number * 7) % 10) / 10,
        })),
        answers: [
          { question: 'Who?', text: 'Ada', start: 0, end: 3, score: 0.9, noAnswerScore: 0.1 },
          { question: 'When?', text: null, start: null, end: null, score: 0.1, noAnswerScore: 0.9 },
        ],
        tokens: number,
        windows: number % 5 === 0 ? 2 : 1,
      },
      pipelineVersion: 'p1',
      arrival: {
        arrivedAt: '2026-01-01T00:00:00.000Z',
        shard: 's',
        sequenceNumber: String(number),
      },
    },
    { storeText: true, retentionDays: 0 },
  );
}

/** A rejection of the table, different for each number. */
export function rejectionOf(number: number): TableItem {
  return {
    pk: `REJ#text#s#${number}`,
    sk: 'REJECTION',
    reason: number % 2 === 0 ? 'too-large' : 'invalid-json',
    message: 'text must be smaller',
    stream: 'text',
    shard: 's',
    sequenceNumber: String(number),
    failureKey: `rejected/text/s/${number}.json`,
    arrivedAt: '2026-01-01T00:00:00.000Z',
  };
}

/** An image as it is in Lambda's event, which is JSON: bytes in base64. */
export function imageOf(item: TableItem) {
  const image = marshall(toStoredItem(item), { removeUndefinedValues: true });
  return Object.fromEntries(
    Object.entries(image).map(([name, value]) => [
      name,
      value.B === undefined
        ? (value as AttributeValue & { S: string })
        : { B: Buffer.from(value.B).toString('base64') },
    ]),
  );
}

/** A change of the table, made in the second `createdAt` of the year. */
export interface TestChange {
  readonly item: TableItem;
  readonly sequenceNumber: string;
  readonly createdAt?: number;
  readonly eventName?: 'INSERT' | 'MODIFY';
}

/** A batch of changes; each is the same in every delivery. */
export function tableEvent(changes: readonly TestChange[]): DynamoDBStreamEvent {
  return {
    Records: changes.map(({ item, sequenceNumber, createdAt = 0, eventName = 'INSERT' }) => {
      const NewImage = imageOf(item);
      const { pk, sk } = NewImage;
      return {
        eventName,
        dynamodb: {
          SequenceNumber: sequenceNumber,
          ApproximateCreationDateTime: Date.UTC(2026, 0, 1) / 1_000 + createdAt,
          ...(pk && sk && { Keys: { pk, sk } }),
          NewImage,
        },
      };
    }),
  };
}
