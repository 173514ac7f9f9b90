import { BatchWriteItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type StreamViewType,
} from '@aws-sdk/client-dynamodb-streams';
import { describeFacts, type Fact } from './facts.ts';
import {
  adapters,
  type Connection,
  connect,
  type Item,
  MAPPINGS,
  S,
  TABLES,
  type Table,
  tableOf,
} from './tables.ts';

const BOTH = 'NEW_AND_OLD_IMAGES';
const SET_BOTH = 'SET attr1 = :one, attr2 = :two';

/** Writes to a new table, and the bytes of the stream records that they made: of keys and images together. */
const sizes: {
  of: string;
  recording: string;
  table: { key?: string; view: StreamViewType };
  write: (table: Table) => Promise<unknown>;
  bytes: number[];
}[] = [
  {
    of: 'a text and bytes',
    recording: `${MAPPINGS}test_dynamodb_event_source_mapping`,
    table: { key: 'my_partition_key', view: 'NEW_IMAGE' },
    write: ({ put }) =>
      put({ my_partition_key: S('hello world'), binary_key: { B: Buffer.from('foobar') } }),
    bytes: [70],
  },
  {
    of: 'a truth value',
    recording: `${MAPPINGS}test_dynamodb_report_batch_item_failures`,
    table: { key: 'my_partition_key', view: 'NEW_IMAGE' },
    write: ({ put }) => put({ my_partition_key: S('testId0'), should_fail: { BOOL: false } }),
    bytes: [58],
  },
  {
    of: 'a number',
    recording: `${MAPPINGS}test_dynamodb_event_filter[numeric_filter]`,
    table: { view: BOTH },
    write: ({ put }) => put({ id: S('id_value_1'), numericFilter: { N: '42' } }),
    bytes: [39],
  },
  {
    of: 'two texts',
    recording: `${MAPPINGS}test_dynamodb_event_filter[prefix_filter]`,
    table: { view: BOTH },
    write: ({ put }) => put({ id: S('id_value_1'), prefix: S('us-1-other-suffix') }),
    bytes: [47],
  },
  {
    of: 'a key alone',
    recording: `${MAPPINGS}test_dynamodb_event_filter[exists_false_filter]`,
    table: { view: BOTH },
    write: ({ put }) => put({ id: S('id_value_1') }),
    bytes: [24],
  },
  {
    of: 'an item that is replaced by a larger one',
    recording: `${MAPPINGS}test_dynamodb_event_filter[content_or_filter]`,
    table: { view: BOTH },
    write: async ({ put }) => {
      await put({ id: S('id_value') });
      await put({ id: S('id_value'), id2: S('id2_new_value') });
    },
    bytes: [20, 46],
  },
  {
    of: 'an item that is deleted',
    recording: `${TABLES}test_batch_write_items_streaming`,
    table: { view: BOTH },
    write: async ({ put, remove }) => {
      await put({ id: S('NewKey') });
      await remove('NewKey');
    },
    bytes: [16, 16],
  },
  {
    of: 'both images of an update',
    recording: `${TABLES}test_dynamodb_stream_records_with_update_item`,
    table: { view: BOTH },
    write: async ({ update }) => {
      await update('my-item-id', SET_BOTH, { ':one': S('value1'), ':two': S('value2') });
      await update('my-item-id', SET_BOTH, { ':one': S('value2'), ':two': S('value3') });
    },
    bytes: [46, 80],
  },
  {
    of: 'keys where the view is of keys',
    recording: `${TABLES}test_dynamodb_stream_stream_view_type`,
    table: { key: 'Username', view: 'KEYS_ONLY' },
    write: async ({ put, update, remove }) => {
      await put({ Username: S('Alice') });
      await update('Alice', 'SET S = :r', { ':r': S('Alice_Modified') });
      await remove('Alice');
    },
    bytes: [13, 13, 13],
  },
];

const facts: Fact<Connection>[] = [
  ...sizes.map(
    ({ of, recording, table: given, write, bytes }): Fact<Connection> => ({
      fact: `counts the bytes of ${of}`,
      recording,
      ask: async (connection) => {
        const table = await tableOf(connection, given);
        await write(table);
        return async () => (await table.changes()).map(({ dynamodb }) => dynamodb?.SizeBytes);
      },
      expected: bytes,
    }),
  ),
  {
    fact: 'records batches and deletions with both images',
    recording: `${TABLES}test_batch_write_items_streaming`,
    ask: async (connection) => {
      const table = await tableOf(connection, { view: BOTH });
      const batch = (...requests: object[]) =>
        connection.client.send(
          new BatchWriteItemCommand({ RequestItems: { [table.TableName]: requests } }),
        );
      const put = (item: Item) => ({ PutRequest: { Item: item } });
      await table.put({ id: S('Fred') });
      await batch(put({ id: S('Fred') }), put({ id: S('NewKey') }));
      await batch(put({ id: S('Fred'), name: S('Fred') }), {
        DeleteRequest: { Key: { id: S('NewKey') } },
      });
      return async () =>
        (await table.changes())
          .map(({ eventName, dynamodb }) => [
            ...[eventName, dynamodb?.Keys?.id?.S],
            ...[dynamodb?.OldImage?.id?.S, dynamodb?.NewImage?.id?.S],
          ])
          .sort();
    },
    // The items of a batch have no order among themselves.
    expected: [
      ['INSERT', 'Fred', undefined, 'Fred'],
      ['INSERT', 'NewKey', undefined, 'NewKey'],
      ['MODIFY', 'Fred', 'Fred', 'Fred'],
      ['REMOVE', 'NewKey', 'NewKey', undefined],
    ],
  },
  {
    fact: 'records nothing of an item that is put as it was',
    recording: `${MAPPINGS}test_dynamodb_event_filter[insert_same_entry_twice]`,
    ask: async (connection) => {
      const table = await tableOf(connection, { view: BOTH });
      const item = { id: S('id_value'), id2: S('id2_value') };
      await table.put(item);
      await table.put(item);
      await table.put({ id: S('next') });
      return async () =>
        (await table.changes()).map(({ eventName, dynamodb }) => [
          eventName,
          dynamodb?.Keys?.id?.S,
        ]);
    },
    expected: [
      ['INSERT', 'id_value'],
      ['INSERT', 'next'],
    ],
  },
  {
    fact: 'records an update with what was there before and after',
    recording: `${TABLES}test_dynamodb_stream_records_with_update_item`,
    ask: async (connection) => {
      const table = await tableOf(connection, { view: BOTH });
      await table.update('my-item-id', SET_BOTH, { ':one': S('value1'), ':two': S('value2') });
      await table.update('my-item-id', SET_BOTH, { ':one': S('value2'), ':two': S('value3') });
      return async () =>
        (await table.changes()).map(({ eventName, dynamodb }) => [
          eventName,
          ...[dynamodb?.OldImage?.attr2?.S, dynamodb?.NewImage?.attr2?.S],
        ]);
    },
    expected: [
      ['INSERT', undefined, 'value2'],
      ['MODIFY', 'value2', 'value3'],
    ],
  },
  {
    fact: 'records keys alone where the view is of keys',
    recording: `${TABLES}test_dynamodb_stream_stream_view_type`,
    ask: async (connection) => {
      const table = await tableOf(connection, { key: 'Username', view: 'KEYS_ONLY' });
      await table.put({ Username: S('Fred') });
      await table.update('Fred', 'SET S = :r', { ':r': S('Fred_Modified') });
      await table.remove('Fred');
      return async () =>
        (await table.changes()).map(({ eventName, dynamodb = {} }) => [
          ...[eventName, dynamodb.StreamViewType, dynamodb.Keys?.Username?.S],
          ...[dynamodb.NewImage, dynamodb.OldImage],
        ]);
    },
    expected: ['INSERT', 'MODIFY', 'REMOVE'].map((name) => [
      ...[name, 'KEYS_ONLY', 'Fred'],
      ...[undefined, undefined],
    ]),
  },
  {
    fact: 'names version, source and region in a stream record',
    recording: `${TABLES}test_batch_write_items_streaming`,
    ask: async (connection) => {
      const table = await tableOf(connection, { view: BOTH });
      await table.put({ id: S('Fred') });
      return async () =>
        (await table.changes()).map((record) => [
          ...[record.eventVersion, record.eventSource, record.userIdentity],
          Object.keys(record.dynamodb ?? {}).sort(),
        ]);
    },
    expected: [
      [
        ...['1.1', 'aws:dynamodb', undefined],
        [
          ...['ApproximateCreationDateTime', 'Keys', 'NewImage'],
          ...['SequenceNumber', 'SizeBytes', 'StreamViewType'],
        ],
      ],
    ],
  },
  {
    fact: 'gives back bytes that are no text, from the table and from the stream',
    recording: `${TABLES}test_data_encoding_consistency`,
    ask: async (connection) => {
      const table = await tableOf(connection, { view: BOTH });
      const { TableName } = table;
      await table.put({ id: S('id1'), version: { N: '1' }, data: { B: Buffer.from([0x90]) } });
      await table.update('id1', 'SET version = :v', { ':v': { N: '2' } });
      return async () => {
        const { Item } = await connection.client.send(
          new GetItemCommand({ TableName, Key: { id: S('id1') }, ConsistentRead: true }),
        );
        const images = (await table.changes()).map(({ dynamodb }) => dynamodb?.NewImage);
        return [Item, ...images].map((one) => [one?.version?.N, [...(one?.data?.B ?? [])]]);
      };
    },
    expected: [
      ['2', [0x90]],
      ['1', [0x90]],
      ['2', [0x90]],
    ],
  },
  {
    fact: 'describes a stream by the keys of its table and its view',
    recording: `${TABLES}test_dynamodb_stream_stream_view_type`,
    ask: async (connection) => {
      const { StreamArn, TableName, described } = await tableOf(connection, { view: 'KEYS_ONLY' });
      return async () => {
        const { StreamDescription: stream = {} } = await connection.streams.send(
          new DescribeStreamCommand({ StreamArn }),
        );
        const ends = stream.Shards?.map(({ SequenceNumberRange: range }) =>
          Object.keys(range ?? {}),
        );
        return {
          ...{ status: stream.StreamStatus, view: stream.StreamViewType, keys: stream.KeySchema },
          table: stream.TableName === TableName,
          label: stream.StreamLabel === described?.LatestStreamLabel,
          ends: [...new Set(ends?.flat())],
        };
      };
    },
    expected: {
      ...{ status: 'ENABLED', view: 'KEYS_ONLY' },
      keys: [{ AttributeName: 'id', KeyType: 'HASH' }],
      ...{ table: true, label: true, ends: ['StartingSequenceNumber'] },
    },
  },
  {
    fact: 'leaves out the shard after which the list is to go on',
    recording: `${TABLES}test_dynamodb_streams_describe_with_exclusive_start_shard_id`,
    ask: async (connection) => {
      const { StreamArn } = await tableOf(connection, { view: BOTH });
      return async () => {
        const list = async (ExclusiveStartShardId?: string) => {
          const { StreamDescription } = await connection.streams.send(
            new DescribeStreamCommand({ StreamArn, ExclusiveStartShardId }),
          );
          return StreamDescription?.Shards?.map(({ ShardId }) => ShardId) ?? [];
        };
        const [first = ''] = await list();
        return [first.startsWith('shardId-'), (await list(first)).includes(first)];
      };
    },
    expected: [true, false],
  },
  {
    fact: 'begins an iterator with the stream that it reads',
    recording: `${TABLES}test_dynamodb_streams_shard_iterator_format`,
    ask: async (connection) => {
      const { StreamArn } = await tableOf(connection, { view: 'NEW_IMAGE' });
      const { StreamDescription } = await connection.streams.send(
        new DescribeStreamCommand({ StreamArn }),
      );
      const { ShardIterator = '' } = await connection.streams.send(
        new GetShardIteratorCommand({
          ...{ StreamArn, ShardId: StreamDescription?.Shards?.[0]?.ShardId },
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      );
      const { NextShardIterator = '' } = await connection.streams.send(
        new GetRecordsCommand({ ShardIterator }),
      );
      return [ShardIterator, NextShardIterator].map(
        (one) => one.startsWith(`${StreamArn}|`) && /^\|\d\|./.test(one.slice(StreamArn.length)),
      );
    },
    expected: [true, true],
  },
];

describeFacts('DynamoDB streams', adapters, connect, facts);
