import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Profile } from '#shared/drift/profile.ts';
import type { Digests } from './digests.ts';
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

/** What the metrics function remembers, but for the digests that were moved to items of their own; plain JSON. */
export interface MetricsState {
  readonly version: number;
  readonly publicationNumber: number;
  /** Of the changes that were counted last. */
  readonly digests: Digests;
  /** Changes made before this may be among the digests that were moved, epoch milliseconds; later ones are not. */
  readonly movedUntil: number;
  /** As the pending publication leaves them, until it is settled. */
  readonly profiles?: readonly Profile[];
  readonly pending?: Pending;
}

/** The version of what comes after a state. */
export const versionAfter = (previous: MetricsState | undefined): number =>
  (previous?.version ?? 0) + 1;

/** Keeps the state under optimistic locking. */
export interface StateStore {
  /** The state as it is, read consistently; undefined before the first write. */
  read(): Promise<MetricsState | undefined>;
  /** Replaces the state if its version is still that of `previous`; false where someone was faster. */
  replace(previous: MetricsState | undefined, next: MetricsState): Promise<boolean>;
}

const KEY = { pk: 'STATE', sk: 'STATE' };

/** The state as one item of the metrics state table. */
export function createStateStore(client: DynamoDBDocumentClient, table: string): StateStore {
  return {
    async read() {
      const answer = await client.send(
        new GetCommand({ TableName: table, Key: KEY, ConsistentRead: true }),
      );
      return answer.Item && fromItem(answer.Item as StoredState);
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
            Item: { ...KEY, ...toItem(next) },
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

/** What only passes through is one string: a list of maps would take several times the bytes. */
function toItem({
  pending,
  profiles,
  ...state
}: MetricsState): Omit<StoredState, keyof typeof KEY> {
  if (!pending) return state;
  const { data, later, ...rest } = pending;
  const payload = JSON.stringify({ data, later, profiles });
  return { ...state, pending: { ...rest, payload } };
}

type Payload = Pick<Pending, 'data' | 'later'> & Pick<MetricsState, 'profiles'>;
type StoredPending = Omit<Pending, 'data' | 'later'> & { payload: string };
type StoredState = typeof KEY &
  Omit<MetricsState, 'pending' | 'profiles'> & { pending?: StoredPending };

function fromItem({ pk: _, sk: __, pending, ...state }: StoredState): MetricsState {
  if (!pending) return state;
  const { payload, ...rest } = pending;
  const { data, later, profiles } = JSON.parse(payload) as Payload;
  return { ...state, ...(profiles && { profiles }), pending: { ...rest, data, later } };
}
