import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Datum } from './aggregate.ts';

/** A publication that was decided on and is not known to have arrived. */
export interface Pending {
  readonly number: number;
  readonly data: readonly Datum[];
  /** When the claim was made, epoch milliseconds; the metrics are stamped with it. */
  readonly claimedAt: number;
  /** Who made the claim; unique. */
  readonly claim: string;
  /** Set where CloudWatch refused it: it did not arrive, and may be sent again at once. */
  readonly refused?: boolean;
}

/** All that the metrics function remembers. */
export interface MetricsState {
  readonly version: number;
  readonly publicationNumber: number;
  /** By shard: the last sequence number counted, and when that was (epoch milliseconds). */
  readonly shards: Readonly<Record<string, { readonly countedUpTo: string; readonly at: number }>>;
  readonly pending?: Pending;
}

/** Keeps the state under optimistic locking. */
export interface StateStore {
  /** The state as it is, read consistently; undefined before the first write. */
  read(): Promise<MetricsState | undefined>;
  /** Replaces the state if its version is still that of `previous`; false where someone was faster. */
  replace(previous: MetricsState | undefined, next: MetricsState): Promise<boolean>;
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
const toItem = ({ data, ...rest }: Pending) => ({ ...rest, payload: JSON.stringify(data) });

function fromItem({ pk: _, pending, ...item }: Record<string, unknown>): MetricsState {
  const state = item as unknown as MetricsState;
  if (pending === undefined) return state;
  const { payload, ...rest } = pending as Omit<Pending, 'data'> & { payload: string };
  return { ...state, pending: { ...rest, data: JSON.parse(payload) as Datum[] } };
}
