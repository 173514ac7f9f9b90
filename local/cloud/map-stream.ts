import { join } from 'node:path';
import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { z } from 'zod';
import { fileCheckpoints } from '#local/event-source-mapping/checkpoints.ts';
import { dynamoDbSource } from '#local/event-source-mapping/dynamodb-source.ts';
import { startEventSourceMapping } from '#local/event-source-mapping/event-source-mapping.ts';
import { mappingUuid, s3Destination } from '#local/event-source-mapping/invocation-record.ts';
import { kinesisSource } from '#local/event-source-mapping/kinesis-source.ts';
import type { StreamSource } from '#local/event-source-mapping/stream-source.ts';
import type { EventSourceMapping, MappingLog } from '#local/event-source-mapping/types.ts';
import type { Invoke, LambdaFunction } from '#local/lambda/invocation.ts';
import { ConfigurationError } from '#shared/errors.ts';
import type { LocalClients } from './clients.ts';

const settingsSchema = z.strictObject({
  batchSize: z.int().min(1).max(10_000).default(100),
  batchingWindowSeconds: z.number().min(0).max(300).default(0),
  parallelizationFactor: z.int().min(1).max(10).default(1),
  startingPosition: z.enum(['TRIM_HORIZON', 'LATEST']).default('TRIM_HORIZON'),
  bisectOnError: z.boolean().default(false),
  maximumRetryAttempts: z.int().min(-1).max(10_000).default(-1),
  maximumRecordAgeSeconds: z.int().min(-1).max(604_800).default(-1),
  tumblingWindowSeconds: z.int().min(0).max(900).default(0),
});

/** A stream to map to a function that was created. */
export interface StreamMappingOptions {
  /** ARN of a Kinesis stream or of a table's stream. */
  readonly streamArn: string;
  readonly functionName: string;
  /** Lambda's settings and limits by their names here; what is left out is as on AWS. */
  readonly settings?: z.input<typeof settingsSchema> | undefined;
  /** Bucket that takes the invocation records of batches which are given up; without it they are dropped. */
  readonly onFailureBucket?: string | undefined;
  /** Names its checkpoints in the folder; function and stream decide unless given. */
  readonly name?: string | undefined;
  /** Milliseconds between reads of a shard that had nothing new; 200 unless given. */
  readonly pollIntervalMs?: number;
  /** Puts something between the mapping and its function. */
  readonly wrapInvoke?: ((invoke: Invoke) => Invoke) | undefined;
}

/**
 * Delivers a stream to a function.
 *
 * @throws {ConfigurationError} where the ARN is of no stream, or a setting is wrong
 */
export async function mapStream(
  given: Omit<StreamMappingOptions, 'functionName'>,
  deps: {
    readonly lambda: LambdaFunction;
    readonly clients: LocalClients;
    readonly checkpointsDirectory: string;
    readonly log: MappingLog;
  },
): Promise<EventSourceMapping> {
  const { streamArn, onFailureBucket, pollIntervalMs } = given;
  const { lambda, clients, log } = deps;
  const settings = settingsSchema.safeParse(given.settings ?? {});
  if (!settings.success) {
    const [{ path = [], message } = { message: '' }] = settings.error.issues;
    throw new ConfigurationError(`settings.${path.join('.')}: ${message}`);
  }
  const name = given.name ?? mappingUuid(lambda.arn, streamArn);
  return startEventSourceMapping({
    source: await sourceOf(streamArn, clients),
    invoke: given.wrapInvoke?.(lambda.invoke) ?? lambda.invoke,
    functionArn: lambda.arn,
    settings: settings.data,
    checkpoints: fileCheckpoints(join(deps.checkpointsDirectory, name)),
    onFailure: onFailureBucket ? s3Destination(clients.s3, onFailureBucket) : undefined,
    log,
    ...(pollIntervalMs !== undefined && { pollIntervalMs }),
  });
}

async function sourceOf(streamArn: string, clients: LocalClients): Promise<StreamSource> {
  const [, , service, , , resource = ''] = streamArn.split(':');
  if (service === 'dynamodb') return dynamoDbSource({ client: clients.streams, streamArn });
  if (service !== 'kinesis') {
    throw new ConfigurationError(`streamArn must be of a stream, and is ${streamArn}`);
  }
  const streamName = resource.replace('stream/', '');
  const described = await clients.kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName: streamName }),
  );
  const retentionHours = described.StreamDescriptionSummary?.RetentionPeriodHours ?? 24;
  return kinesisSource({ client: clients.kinesis, streamName, streamArn, retentionHours });
}
