import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { uniqueName } from '../support/adapter.ts';
import { describeFacts, type Fact, refusal } from './facts.ts';
import {
  adapters,
  type Connection,
  connect,
  type Item,
  MAPPINGS,
  S,
  TABLES,
  tableOf,
} from './tables.ts';

const facts: Fact<Connection>[] = [
  {
    fact: 'has no stream unless one is asked for',
    recording: `${TABLES}test_transact_write_items_streaming_for_different_tables`,
    ask: async (connection) => {
      const { described } = await tableOf(connection);
      return [described?.LatestStreamArn, described?.LatestStreamLabel, described?.ItemCount];
    },
    expected: [undefined, undefined, 0],
  },
  {
    fact: 'gives the item that a condition failed on where it is asked to',
    recording: `${TABLES}test_return_values_on_conditions_check_failure`,
    ask: async (connection) => {
      const { TableName, put } = await tableOf(connection);
      await put({ id: S('456'), price: { N: '650' }, product: S('sporting goods') });
      const refused = connection.client.send(
        new DeleteItemCommand({
          TableName,
          Key: { id: S('456') },
          ConditionExpression: 'price < :limit',
          ExpressionAttributeValues: { ':limit': { N: '500' } },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      const error = await refused.catch((thrown: unknown) => thrown);
      const { name, message, Item } = error as ConditionalCheckFailedException;
      return [name, message, Item];
    },
    expected: [
      ...['ConditionalCheckFailedException', 'The conditional request failed'],
      { id: S('456'), price: { N: '650' }, product: S('sporting goods') },
    ],
  },
  {
    fact: 'gives the old item of a put where it is asked to, and nothing where there was none',
    recording: `${TABLES}test_return_values_in_put_item`,
    ask: async (connection) => {
      const { TableName } = await tableOf(connection);
      const put = async (Item: Item, ReturnValues: 'ALL_OLD' | 'NONE') =>
        (await connection.client.send(new PutItemCommand({ TableName, Item, ReturnValues })))
          .Attributes;
      const item = { id: S('id1'), data: S('foobar') };
      return [
        await put(item, 'ALL_OLD'),
        await put(item, 'ALL_OLD'),
        await put(item, 'NONE'),
        await put({ id: S('id2'), data: S('foobar') }, 'ALL_OLD'),
      ];
    },
    expected: [undefined, { id: S('id1'), data: S('foobar') }, undefined, undefined],
  },
  {
    fact: 'takes empty texts and bytes beside the key',
    recording: `${TABLES}test_empty_and_binary_values`,
    ask: async (connection) => {
      const { put } = await tableOf(connection);
      const empty = await put({ id: S('id1'), data: S('') });
      const bytes = await put({ id: S('id2'), data: { B: Buffer.from([0x90]) } });
      return [empty, bytes].map(({ $metadata }) => $metadata.httpStatusCode);
    },
    expected: [200, 200],
  },
  {
    fact: 'answers a batch of keys that are not there with an empty list',
    recording: `${TABLES}test_dynamodb_get_batch_items`,
    ask: async (connection) => {
      const { TableName } = await tableOf(connection);
      const { Responses, UnprocessedKeys } = await connection.client.send(
        new BatchGetItemCommand({
          RequestItems: { [TableName]: { Keys: [{ id: S('test-key') }] } },
        }),
      );
      return [Responses?.[TableName], UnprocessedKeys];
    },
    expected: [[], {}],
  },
  {
    fact: 'leaves nothing of a batch unprocessed where there is room',
    recording: `${TABLES}test_batch_write_items`,
    ask: async (connection) => {
      const { TableName } = await tableOf(connection);
      const requests = ['one', 'two'].map((id) => ({ PutRequest: { Item: { id: S(id) } } }));
      const { UnprocessedItems } = await connection.client.send(
        new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }),
      );
      return UnprocessedItems;
    },
    expected: {},
  },
  {
    fact: 'refuses a batch with an item that has no key',
    recording: `${TABLES}test_batch_write_not_matching_schema`,
    ask: async (connection) => {
      const { TableName } = await tableOf(connection);
      const requests = [{ PutRequest: { Item: { nonKey: S('hello') } } }];
      return refusal(
        connection.client.send(
          new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }),
        ),
      );
    },
    expected: ['Validation', 400],
  },
  {
    fact: 'refuses a table of a name that is taken',
    recording: `${TABLES}test_create_duplicate_table`,
    ask: async (connection) => {
      const { TableName } = await tableOf(connection);
      return refusal(
        connection.client.send(
          new CreateTableCommand({
            TableName,
            BillingMode: 'PAY_PER_REQUEST',
            AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
            KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          }),
        ),
      );
    },
    expected: ['ResourceInUse', 400],
  },
  {
    fact: 'refuses provisioned throughput of a table on demand',
    recording: `${TABLES}test_dynamodb_pay_per_request`,
    ask: ({ client }) =>
      refusal(
        client.send(
          new CreateTableCommand({
            TableName: uniqueName('recorded'),
            BillingMode: 'PAY_PER_REQUEST',
            AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
            KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
            ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
          }),
        ),
      ),
    expected: ['Validation', 400],
  },
  {
    fact: 'describes a table as active with the stream it was made with',
    recording: `${MAPPINGS}test_disabled_dynamodb_event_source_mapping`,
    ask: async (connection) => {
      const { TableName, StreamArn } = await tableOf(connection, { view: 'NEW_IMAGE' });
      const { Table } = await connection.client.send(new DescribeTableCommand({ TableName }));
      return [
        ...[Table?.TableStatus, Table?.StreamSpecification, Table?.BillingModeSummary?.BillingMode],
        Table?.LatestStreamArn === StreamArn && StreamArn.startsWith(`${Table.TableArn}/stream/`),
      ];
    },
    expected: [
      'ACTIVE',
      { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      'PAY_PER_REQUEST',
      true,
    ],
  },
];

describeFacts('DynamoDB', adapters, connect, facts);
