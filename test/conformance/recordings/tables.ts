import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type StreamViewType,
} from '@aws-sdk/client-dynamodb-streams';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { adaptersBeside, clientConfig, uniqueName } from '../support/adapter.ts';

export type Item = Record<string, AttributeValue>;

/** Tests of LocalStack's repository. */
export const TABLES = 'dynamodb/test_dynamodb.py::TestDynamoDB::';
export const MAPPINGS =
  'lambda_/event_source_mapping/test_lambda_integration_dynamodbstreams.py::TestDynamoDBEventSourceMapping::';

export const adapters = await adaptersBeside(() => startDynamoDb(), 'dynalite with streams');

/** Clients of tables and streams, with the tables that were made. */
export function connect(endpoint: string | undefined) {
  const client = new DynamoDBClient(clientConfig(endpoint));
  const streams = new DynamoDBStreamsClient(clientConfig(endpoint));
  const made: string[] = [];
  const destroy = async () => {
    for (const TableName of made) await client.send(new DeleteTableCommand({ TableName }));
    client.destroy();
    streams.destroy();
  };
  return { client, streams, made, destroy };
}
export type Connection = ReturnType<typeof connect>;

/** A table of its own, its key a text of that name, with a stream where a view is given. */
export async function tableOf(
  { client, streams, made }: Connection,
  given: { readonly key?: string; readonly view?: StreamViewType } = {},
) {
  const { key = 'id', view } = given;
  const TableName = uniqueName('recorded');
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
      ...(view && { StreamSpecification: { StreamEnabled: true, StreamViewType: view } }),
    }),
  );
  made.push(TableName);
  await waitUntilTableExists({ client, maxWaitTime: 50, minDelay: 0.05 }, { TableName });
  const StreamArn = TableDescription?.LatestStreamArn ?? '';
  return {
    TableName,
    StreamArn,
    described: TableDescription,
    put: (item: Item) => client.send(new PutItemCommand({ TableName, Item: item })),
    update: (id: string, UpdateExpression: string, values: Item) =>
      client.send(
        new UpdateItemCommand({
          TableName,
          Key: { [key]: { S: id } },
          UpdateExpression,
          ExpressionAttributeValues: values,
        }),
      ),
    remove: (id: string) =>
      client.send(new DeleteItemCommand({ TableName, Key: { [key]: { S: id } } })),
    /** What the stream says of each change, in the order in which it happened. */
    async changes() {
      const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
      const pages = (StreamDescription?.Shards ?? []).map(async ({ ShardId }) => {
        const { ShardIterator } = await streams.send(
          new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
        );
        return (await streams.send(new GetRecordsCommand({ ShardIterator }))).Records ?? [];
      });
      return (await Promise.all(pages)).flat();
    },
  };
}

export const S = (text: string) => ({ S: text });
export type Table = Awaited<ReturnType<typeof tableOf>>;
