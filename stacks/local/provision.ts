import { PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { LocalClients } from '#local/cloud/clients.ts';
import { alarmDefinitions, putMetricAlarmInput } from '#shared/alarms.ts';
import { SpanstreamError } from '#shared/errors.ts';
import type { ResourceNames } from '#shared/names.ts';
import {
  metricsStateTableDefinition,
  resultsTableDefinition,
  TTL_ATTRIBUTE,
} from '#shared/results-table/definition.ts';
import type { Settings } from '#shared/settings.ts';

const patience = { maxWaitTime: 30, minDelay: 0.1, maxDelay: 1 };

/**
 * Makes the stream, the tables, the buckets and the alarms where they are not there yet.
 *
 * @returns the ARNs that the mappings read from
 */
export async function provision(clients: LocalClients, settings: Settings, names: ResourceNames) {
  const { s3 } = clients;
  const [streamArn, resultsStreamArn] = await Promise.all([
    makeStream(clients, settings, names.stream),
    makeResultsTable(clients, names.resultsTable),
    makeTable(clients, names.metricsStateTable, metricsStateTableDefinition),
    ...[names.failuresBucket, ...(settings.intake.enabled ? [names.intakeBucket] : [])].map(
      (Bucket) =>
        unlessThere('BucketAlreadyOwnedByYou', s3.send(new CreateBucketCommand({ Bucket }))),
    ),
    makeAlarms(clients, settings, names),
  ]);
  return { streamArn, resultsStreamArn };
}

async function makeStream({ kinesis }: LocalClients, settings: Settings, StreamName: string) {
  const input = { StreamName, ShardCount: settings.stream.shards };
  await unlessThere('ResourceInUseException', kinesis.send(new CreateStreamCommand(input)));
  await waitUntilStreamExists({ client: kinesis, ...patience }, { StreamName });
  const described = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
  return present(described.StreamDescriptionSummary?.StreamARN, `the ARN of ${StreamName}`);
}

async function makeResultsTable(clients: LocalClients, TableName: string) {
  await makeTable(clients, TableName, resultsTableDefinition);
  const { Table } = await clients.dynamodb.send(new DescribeTableCommand({ TableName }));
  return present(Table?.LatestStreamArn, `the stream of ${TableName}`);
}

async function makeTable({ dynamodb }: LocalClients, TableName: string, definition: object) {
  // The definitions are read-only data; the SDK's inputs are mutable types.
  const input = { ...structuredClone(definition), TableName } as CreateTableCommandInput;
  await unlessThere('ResourceInUseException', dynamodb.send(new CreateTableCommand(input)));
  await waitUntilTableExists({ client: dynamodb, ...patience }, { TableName });
  const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true };
  await unlessThere(
    'ValidationException',
    dynamodb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification })),
  );
}

async function makeAlarms({ cloudwatch }: LocalClients, settings: Settings, names: ResourceNames) {
  const topic = `arn:aws:sns:us-east-1:000000000000:${names.alarmTopic}`;
  for (const definition of alarmDefinitions(settings, names)) {
    await cloudwatch.send(new PutMetricAlarmCommand(putMetricAlarmInput(definition, [topic])));
  }
}

/** Awaits a call whose error of that name says that there is nothing left to do. */
async function unlessThere(errorName: string, call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== errorName) throw error;
  });
}

function present(value: string | undefined, what: string): string {
  if (value === undefined) throw new SpanstreamError('provisioning-failed', `there is no ${what}`);
  return value;
}
