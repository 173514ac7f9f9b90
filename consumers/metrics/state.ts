import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { metricNames } from '#shared/metric-names.ts';
import type { MetricDatum } from './summarize.ts';

/** Metric data that are decided on, and not known to have arrived. */
export interface Unsent {
  /** What the next call is to carry. */
  readonly data: readonly MetricDatum[];
  /** What goes in calls of its own after that. */
  readonly later: readonly (readonly MetricDatum[])[];
  /** How often CloudWatch took something else at once after it had not taken `data`. */
  readonly refusals: number;
}

/** A publication: data that somebody claimed to send. */
export interface Pending extends Unsent {
  readonly number: number;
  /** When the claim was made, epoch milliseconds; the metrics are stamped with it. */
  readonly claimedAt: number;
  /** Who made the claim; unique. */
  readonly claim: string;
  /** Set where it surely did not arrive, and may be sent again at once. */
  readonly refused?: boolean;
}

/** All that the metrics function remembers, as plain JSON of at most some 205,000 characters. */
export interface MetricsState {
  readonly version: number;
  readonly publicationNumber: number;
  /** How far each shard is counted, one a line, the one counted last at the end; read by `positionOf`. */
  readonly positions: string;
  /** Of shards that found no more room: when the youngest of their counted changes was made, epoch milliseconds. */
  readonly forgottenUpTo?: number;
  readonly pending?: Pending;
}

/** Keeps the state under optimistic locking. */
export interface StateStore {
  /** The state as it is, read consistently; undefined before the first write. */
  read(): Promise<MetricsState | undefined>;
  /** Replaces the state if its version is still that of `previous`; false where someone was faster. */
  replace(previous: MetricsState | undefined, next: MetricsState): Promise<boolean>;
}

/**
 * Room for some 3,400 shards. With 80,000 characters of pending data that is well under DynamoDB's 400 KB, and every write is
 * paid by its size.
 */
const MOST_POSITION_CHARACTERS = 120_000;
/** No change is delivered when it is 24 hours old. */
const MEMORY_MS = 25 * 60 * 60 * 1_000;

/** A shard's name in 8 characters: 48 bits, so that a shard meets the name of one of 3,400 others once in 80 billion. */
const shortName = (shardId: string): string =>
  createHash('sha256').update(shardId).digest('base64url').slice(0, 8);

// A line is `<name> <last sequence number, hexadecimal> <creation of the youngest change, seconds, base 36>`.
function startOf(positions: string, name: string): number {
  // Looked for without the line's break, which is in every line: that takes a thirtieth of the time.
  let start = positions.indexOf(`${name} `);
  while (start > 0 && positions[start - 1] !== '\n')
    start = positions.indexOf(`${name} `, start + 1);
  return start;
}
const lineAt = (positions: string, start: number): string =>
  positions.slice(start, positions.indexOf('\n', start) + 1);

/** The last sequence number that was counted of a shard; undefined of one not counted before, or forgotten. */
export function positionOf(positions: string, shardId: string): bigint | undefined {
  const start = startOf(positions, shortName(shardId));
  if (start < 0) return undefined;
  return BigInt(`0x${lineAt(positions, start).split(' ')[1]}`);
}

/**
 * Writes down how far a shard is counted. Forgets shards whose changes are too old to be delivered again, and, where there is
 * no more room, those that were counted longest ago.
 *
 * @param counted its last sequence number, and the creation of its youngest change in epoch milliseconds
 */
export function withPosition(
  state: Pick<MetricsState, 'positions' | 'forgottenUpTo'>,
  shardId: string,
  counted: { readonly upTo: bigint; readonly createdAt: number },
  now: number,
): Pick<MetricsState, 'positions' | 'forgottenUpTo'> {
  const name = shortName(shardId);
  const seconds = Math.ceil(counted.createdAt / 1_000).toString(36);
  const own = startOf(state.positions, name);
  const others =
    own < 0
      ? state.positions
      : state.positions.slice(0, own) +
        state.positions.slice(own + lineAt(state.positions, own).length);
  let positions = `${others}${name} ${counted.upTo.toString(16)} ${seconds}\n`;
  let forgottenUpTo = state.forgottenUpTo;
  for (;;) {
    const oldest = lineAt(positions, 0);
    const createdAt = Number.parseInt(oldest.split(' ')[2] ?? '', 36) * 1_000;
    const outlived = createdAt < now - MEMORY_MS;
    if (!outlived && positions.length <= MOST_POSITION_CHARACTERS) break;
    if (oldest.length === positions.length) break;
    positions = positions.slice(oldest.length);
    if (!outlived) forgottenUpTo = Math.max(forgottenUpTo ?? 0, createdAt);
  }
  return { positions, ...(forgottenUpTo !== undefined && { forgottenUpTo }) };
}

const KEY = { pk: 'METRICS' };

/** The state as one item of the metrics state table. */
export function createStateStore(client: DynamoDBDocumentClient, table: string): StateStore {
  return {
    async read() {
      const answer = await client.send(
        new GetCommand({ TableName: table, Key: KEY, ConsistentRead: true }),
      );
      return answer.Item ? fromItem(answer.Item) : undefined;
    },
    async replace(previous, next) {
      const condition = previous
        ? {
            ConditionExpression: '#version = :version',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':version': previous.version },
          }
        : { ConditionExpression: 'attribute_not_exists(pk)' };
      try {
        await client.send(
          new PutCommand({
            TableName: table,
            Item: { ...KEY, ...next, ...(next.pending && { pending: toItem(next.pending) }) },
            ...condition,
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}

/** The payload is one string: a list of maps would take several times the bytes. */
const toItem = ({ data, later, refusals, ...rest }: Pending) => ({
  ...rest,
  // By the name that deployments have it under.
  strikes: refusals,
  payload: JSON.stringify([data, ...later]),
});

type StoredPending = Omit<Pending, 'data' | 'later' | 'refusals'> & {
  payload: string;
  strikes?: number;
};

function fromItem({ pk: _, pending, shards, ...item }: Record<string, unknown>): MetricsState {
  const state = { positions: '', ...item } as MetricsState;
  return {
    ...state,
    ...(shards !== undefined && { positions: positionsOf(shards) }),
    ...(pending !== undefined && { pending: pendingOf(pending as StoredPending) }),
  };
}

function pendingOf({ payload, strikes = 0, ...rest }: StoredPending): Pending {
  const written = JSON.parse(payload) as MetricDatum[] | MetricDatum[][];
  // Up to version 0.1 it was one list of data, with the number of the publication among them.
  const parts = written.every((part) => Array.isArray(part)) ? written : [written as MetricDatum[]];
  const [data = [], ...later] = parts.map((part) =>
    part.filter(({ name }) => name !== metricNames.publicationNumber),
  );
  return { ...rest, refusals: strikes, data, later };
}

/** Positions as they were kept up to version 0.1: a map by shard. */
function positionsOf(shards: unknown): string {
  const known = Object.entries(shards as Record<string, { countedUpTo: string; at: number }>);
  return known
    .sort(([, a], [, b]) => a.at - b.at)
    .reduce(
      (state, [shardId, { countedUpTo, at }]) =>
        withPosition(state, shardId, { upTo: BigInt(countedUpTo), createdAt: at }, at),
      { positions: '' },
    ).positions;
}
