import type { KinesisStreamEvent } from 'aws-lambda';
import { expect } from 'vitest';
import { describeFacts, type Fact } from './facts.ts';
import {
  type Connection,
  clock,
  connect,
  type Event,
  ours,
  outcomeOf,
  streamOf,
  tableStreamOf,
  textsOf,
} from './mappings.ts';

const TESTS = 'lambda_/event_source_mapping/test_lambda_integration_';
const KINESIS = `${TESTS}kinesis.py::TestKinesisSource::`;
const TABLES = `${TESTS}dynamodbstreams.py::TestDynamoDBEventSourceMapping::`;

const failed = new Error('no');
const reporting = (itemIdentifier: unknown) => ({ batchItemFailures: [{ itemIdentifier }] });

/** Answers to a batch of one record that are a success: it is delivered once. */
const successes: [scenario: string, answer: unknown][] = [
  ['empty_string_success', ''],
  ['empty_list_success', []],
  ['null_success', null],
  ['empty_dict_success', {}],
  ['empty_batch_item_failure_success', { batchItemFailures: [] }],
  ['null_batch_item_failure_success', { batchItemFailures: null }],
];

/** Answers that fail it: with two retries it is delivered three times, then given up. */
const failures: [scenario: string, answer: unknown, functionError: string | null][] = [
  ['item_identifier_not_present_failure', reporting(123), null],
  ['empty_string_item_identifier_failure', reporting(''), null],
  ['null_item_identifier_failure', reporting(null), null],
  ['invalid_key_foo_failure', { batchItemFailures: [{ foo: 123 }] }, null],
  ['invalid_key_foo_null_value_failure', { batchItemFailures: [{ foo: null }] }, null],
  ['unhandled_exception_in_function', failed, 'Unhandled'],
];

const DATE = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const SECONDS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const NUMBER = expect.stringMatching(/^\d+$/);

/** What a destination is told of one record that was given up. */
const toldOf = (arn: unknown, date: unknown) => ({
  shardId: expect.stringMatching(/^shardId-/),
  ...{ startSequenceNumber: NUMBER, endSequenceNumber: NUMBER, batchSize: 1, streamArn: arn },
  ...{ approximateArrivalOfFirstRecord: date, approximateArrivalOfLastRecord: date },
});

const SIX = ['0', '1', '2', '3', '4', '5'];
/** Reports the record with this text, wherever it is in a batch. */
const reportingText =
  (text: string) =>
  (_: readonly string[], { Records }: Event) => ({
    batchItemFailures: Records.flatMap((record) => {
      if (textsOf({ Records: [record] } as Event)[0] !== text) return [];
      const number =
        'kinesis' in record ? record.kinesis.sequenceNumber : record.dynamodb?.SequenceNumber;
      return { itemIdentifier: number };
    }),
  });
/** Deliveries of each text, as the lines of a log are counted. */
const counted = (deliveries: readonly (readonly string[])[]) =>
  SIX.map((text) => deliveries.flat().filter((one) => one === text).length);

const facts: Fact<Connection>[] = [
  ...successes.map(
    ([scenario, answer]): Fact<Connection> => ({
      fact: `takes ${JSON.stringify(answer)} for success`,
      recording: `${KINESIS}test_kinesis_report_batch_item_success_scenarios[${scenario}]`,
      ask: async (connection) => {
        const { arn } = await streamOf(connection, ['hello']);
        const settings = { batchSize: 1, maximumRetryAttempts: 2 };
        const { deliveries, parked } = await outcomeOf(connection, arn, settings, () => answer);
        return [deliveries, parked];
      },
      expected: [[['hello']], []],
    }),
  ),
  {
    fact: 'takes an answer without a body for success',
    recording: `${KINESIS}test_kinesis_empty_provided`,
    ask: async (connection) => {
      const { arn } = await streamOf(connection, ['hello']);
      const settings = { batchSize: 1, maximumRetryAttempts: 2 };
      return (await outcomeOf(connection, arn, settings, () => undefined)).deliveries;
    },
    expected: [['hello']],
  },
  ...failures.map(
    ([scenario, answer, functionError]): Fact<Connection> => ({
      fact: `fails a batch, and tries it again as often as it may: ${scenario}`,
      recording: `${KINESIS}test_kinesis_report_batch_item_failure_scenarios[${scenario}]`,
      ask: async (connection) => {
        const { arn } = await streamOf(connection, ['hello']);
        const settings = { batchSize: 1, maximumRetryAttempts: 2 };
        const { deliveries, parked } = await outcomeOf(connection, arn, settings, () => answer);
        return [
          deliveries,
          parked.map(({ requestContext, responseContext }) => [
            ...[requestContext.condition, requestContext.approximateInvokeCount],
            responseContext,
          ]),
        ];
      },
      expected: [
        [['hello'], ['hello'], ['hello']],
        [
          [
            ...['RetryAttemptsExhausted', 3],
            { statusCode: 200, executedVersion: '$LATEST', functionError },
          ],
        ],
      ],
    }),
  ),
  {
    fact: 'goes on at the record that is reported, and counts its retries from there',
    recording: `${KINESIS}test_kinesis_report_batch_item_failures`,
    ask: async (connection) => {
      const { arn } = await streamOf(connection, SIX);
      const settings = { batchSize: 3, maximumRetryAttempts: 3 };
      const run = await outcomeOf(connection, arn, settings, reportingText('5'));
      const [record] = run.parked;
      return [
        counted(run.deliveries),
        ...[record?.requestContext.approximateInvokeCount, record?.KinesisBatchInfo?.batchSize],
        record?.responseContext?.functionError,
      ];
    },
    expected: [[1, 1, 1, 1, 1, 5], 4, 1, null],
  },
  {
    fact: 'does so with the records of a table',
    recording: `${TABLES}test_dynamodb_report_batch_item_failures`,
    ask: async (connection) => {
      const items = SIX.map((text) => ({ my_partition_key: { S: text } }));
      const { arn } = await tableStreamOf(connection, items);
      const settings = { batchSize: 3, maximumRetryAttempts: 3 };
      const run = await outcomeOf(connection, arn, settings, reportingText('5'));
      const [record] = run.parked;
      return [
        counted(run.deliveries),
        ...[record?.requestContext.approximateInvokeCount, record?.DDBStreamBatchInfo?.batchSize],
        record?.responseContext?.functionError,
      ];
    },
    expected: [[1, 1, 1, 1, 1, 5], 4, 1, null],
  },
  {
    fact: 'keeps the whole invocation in a bucket, where a function failed once too often',
    recording: `${KINESIS}test_kinesis_event_source_mapping_with_s3_on_failure_destination`,
    ask: async (connection) => {
      const { arn } = await streamOf(connection, ['hello']);
      const settings = { batchSize: 1, maximumRetryAttempts: 1 };
      const { events, parked } = await outcomeOf(connection, arn, settings, () => failed);
      const [{ payload = '', ...record } = {}] = parked;
      return [record, JSON.stringify(JSON.parse(payload)) === JSON.stringify(events[0])];
    },
    expected: [
      {
        requestContext: {
          ...{ requestId: 'r', condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
          functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:recorded',
        },
        responseContext: {
          statusCode: 200,
          executedVersion: '$LATEST',
          functionError: 'Unhandled',
        },
        ...{ version: '1.0', timestamp: DATE },
        KinesisBatchInfo: toldOf(expect.stringMatching(/^arn:aws:kinesis:/), DATE),
      },
      true,
    ],
  },
  {
    fact: 'tells of a table’s records by their own name, with times of whole seconds',
    recording: `${TABLES}test_dynamodb_event_source_mapping_with_on_failure_destination_config`,
    ask: async (connection) => {
      const { arn } = await tableStreamOf(connection, [{ my_partition_key: { S: 'hello' } }]);
      const settings = { batchSize: 1, maximumRetryAttempts: 1 };
      const { parked } = await outcomeOf(connection, arn, settings, () => failed);
      return parked.map(({ payload: _, requestContext, ...record }) => [
        ...[requestContext.condition, requestContext.approximateInvokeCount],
        record,
      ]);
    },
    expected: [
      [
        ...['RetryAttemptsExhausted', 2],
        {
          responseContext: {
            ...{ statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
          },
          ...{ version: '1.0', timestamp: DATE },
          DDBStreamBatchInfo: toldOf(
            expect.stringMatching(/^arn:aws:dynamodb:.*\/stream\//),
            SECONDS,
          ),
        },
      ],
    ],
  },
  ...(
    [
      ['before it was delivered', 'expire-before-ingestion', 0, 70_000, 0],
      ['while it is tried again', 'expire-while-retrying', -1, 0, 70_000],
    ] as const
  ).map(
    ([when, scenario, maximumRetryAttempts, beforeMs, meanwhileMs]): Fact<Connection> => ({
      fact: `gives up a record that grew too old ${when}, and tells of no answer`,
      recording: `${KINESIS}test_kinesis_maximum_record_age_exceeded[${scenario}]`,
      ask: async (connection) => {
        const { arn } = await streamOf(connection, ['hello']);
        clock.aheadMs += beforeMs;
        const settings = { batchSize: 1, maximumRetryAttempts, maximumRecordAgeSeconds: 60 };
        const { parked } = await outcomeOf(connection, arn, settings, () => {
          clock.aheadMs += meanwhileMs;
          return failed;
        });
        return parked.map(({ requestContext, responseContext, KinesisBatchInfo }) => [
          ...[requestContext.condition, requestContext.approximateInvokeCount],
          ...[responseContext, KinesisBatchInfo?.batchSize],
        ]);
      },
      expected: [['RecordAgeExceeded', 1, undefined, 1]],
    }),
  ),
  {
    fact: 'delivers what is young enough behind what is too old',
    recording: `${KINESIS}test_kinesis_maximum_record_age_exceeded_discard_records`,
    ask: async (connection) => {
      const { arn, put } = await streamOf(connection, ['old']);
      clock.aheadMs += 70_000;
      await put(['1', '2', '3', '4', '5']);
      const settings = { batchSize: 10, maximumRetryAttempts: 0, maximumRecordAgeSeconds: 60 };
      const { deliveries, parked } = await outcomeOf(connection, arn, settings, () => null);
      return [deliveries, parked.map(({ requestContext }) => requestContext.condition)];
    },
    expected: [[['1', '2', '3', '4', '5']], ['RecordAgeExceeded']],
  },
  {
    fact: 'delivers what was there before the mapping, in order and in batches',
    recording: `${KINESIS}test_kinesis_event_source_trim_horizon`,
    ask: async (connection) => {
      const texts = Array.from({ length: 30 }, (_, at) => String(at));
      const { arn } = await streamOf(connection, texts);
      const settings = { batchSize: 10, startingPosition: 'TRIM_HORIZON' as const };
      const { deliveries } = await outcomeOf(connection, arn, settings, () => null);
      return deliveries;
    },
    expected: [0, 10, 20].map((from) => Array.from({ length: 10 }, (_, at) => String(from + at))),
  },
  {
    fact: 'delivers to each of two functions',
    recording: `${KINESIS}test_create_kinesis_event_source_mapping_multiple_lambdas_single_kinesis_event_stream`,
    ask: async (connection) => {
      const { arn } = await streamOf(connection, ['hello']);
      const first = await outcomeOf(connection, arn, {}, () => null);
      const second = await outcomeOf(connection, arn, {}, () => null);
      return [first.deliveries, second.deliveries];
    },
    expected: [[['hello']], [['hello']]],
  },
  {
    fact: 'writes a Kinesis event so, and nothing more',
    recording: `${KINESIS}test_create_kinesis_event_source_mapping`,
    ask: async (connection) => {
      const { arn } = await streamOf(connection, ['hello']);
      const [event] = (await outcomeOf(connection, arn, {}, () => null)).events;
      const [record] = (event as KinesisStreamEvent).Records;
      const ofShard = record?.eventID === `shardId-000000000000:${record?.kinesis.sequenceNumber}`;
      const tenDigits =
        Math.floor(Math.log10(record?.kinesis.approximateArrivalTimestamp ?? 0)) === 9;
      return [Object.keys(event ?? {}), record, ofShard, tenDigits, record?.eventSourceARN === arn];
    },
    expected: [
      ['Records'],
      {
        kinesis: {
          ...{ kinesisSchemaVersion: '1.0', partitionKey: 'test_0', data: 'aGVsbG8=' },
          ...{ sequenceNumber: NUMBER, approximateArrivalTimestamp: expect.any(Number) },
        },
        ...{ eventSource: 'aws:kinesis', eventVersion: '1.0', eventName: 'aws:kinesis:record' },
        ...{ eventID: expect.any(String), awsRegion: 'us-east-1' },
        invokeIdentityArn: expect.stringMatching(/^arn:aws:iam::\d{12}:role\//),
        eventSourceARN: expect.any(String),
      },
      ...[true, true, true],
    ],
  },
  {
    fact: 'writes the event of a table so, bytes in base64, and nothing more',
    recording: `${TABLES}test_dynamodb_event_source_mapping`,
    ask: async (connection) => {
      const item = {
        my_partition_key: { S: 'hello world' },
        binary_key: { B: Buffer.from('foobar') },
      };
      const { arn } = await tableStreamOf(connection, [item]);
      const [event] = (await outcomeOf(connection, arn, {}, () => null)).events;
      return [
        Object.keys(event ?? {}),
        event?.Records[0],
        event?.Records[0]?.eventSourceARN === arn,
      ];
    },
    expected: [
      ['Records'],
      {
        ...{ eventID: expect.any(String), eventName: 'INSERT', eventVersion: '1.1' },
        ...{ eventSource: 'aws:dynamodb', awsRegion: 'us-east-1' },
        dynamodb: {
          ApproximateCreationDateTime: expect.any(Number),
          Keys: { my_partition_key: { S: 'hello world' } },
          NewImage: { my_partition_key: { S: 'hello world' }, binary_key: { B: 'Zm9vYmFy' } },
          ...{ SequenceNumber: NUMBER, SizeBytes: 70, StreamViewType: 'NEW_IMAGE' },
        },
        eventSourceARN: expect.any(String),
      },
      true,
    ],
  },
];

describeFacts('The event source mapping', [ours], connect, facts);
