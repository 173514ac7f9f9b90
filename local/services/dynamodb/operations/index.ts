import { ServiceError } from '../../service-error.ts';
import type { Context, Operation } from '../context.ts';
import type { DynaliteOperation } from '../dynalite.ts';
import { DYNALITE_OPERATIONS, runAction, validateInput } from '../dynalite.ts';
import { batchWriteItem } from './batch-write-item.ts';
import { createTable } from './create-table.ts';
import { deleteItem } from './delete-item.ts';
import { deleteTable } from './delete-table.ts';
import { describeStream } from './describe-stream.ts';
import { describeTimeToLive } from './describe-time-to-live.ts';
import { getRecords } from './get-records.ts';
import { getShardIterator } from './get-shard-iterator.ts';
import { listStreams } from './list-streams.ts';
import { putItem } from './put-item.ts';
import { updateItem } from './update-item.ts';
import { updateTable } from './update-table.ts';
import { updateTimeToLive } from './update-time-to-live.ts';

const passedOn = (operation: DynaliteOperation): [string, Operation] => [
  operation,
  async ({ store }, input) => runAction(store, operation, validateInput(store, operation, input)),
];

const services = new Map<string, Map<string, Operation>>([
  [
    'DynamoDB_20120810',
    new Map<string, Operation>([
      ...DYNALITE_OPERATIONS.map(passedOn),
      ['BatchWriteItem', batchWriteItem],
      ['CreateTable', createTable],
      ['DeleteItem', deleteItem],
      ['DeleteTable', deleteTable],
      ['DescribeTimeToLive', describeTimeToLive],
      ['PutItem', putItem],
      ['UpdateItem', updateItem],
      ['UpdateTable', updateTable],
      ['UpdateTimeToLive', updateTimeToLive],
    ]),
  ],
  [
    'DynamoDBStreams_20120810',
    new Map<string, Operation>([
      ['DescribeStream', describeStream],
      ['GetRecords', getRecords],
      ['GetShardIterator', getShardIterator],
      ['ListStreams', listStreams],
    ]),
  ],
]);

/** Runs an operation of either service. */
export async function runOperation(
  context: Context,
  call: { service: string; operation: string; input: unknown },
): Promise<unknown> {
  const operation = services.get(call.service)?.get(call.operation);
  if (operation === undefined) {
    throw new ServiceError(
      'com.amazon.coral.service#UnknownOperationException',
      `${call.service}.${call.operation} is not an operation of this service`,
    );
  }
  return operation(context, call.input);
}
