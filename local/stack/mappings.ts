import { join } from 'node:path';
import { fileCheckpoints } from '#local/event-source-mapping/checkpoints.ts';
import { dynamoDbSource } from '#local/event-source-mapping/dynamodb-source.ts';
import { startEventSourceMapping } from '#local/event-source-mapping/event-source-mapping.ts';
import { kinesisSource } from '#local/event-source-mapping/kinesis-source.ts';
import { s3Destination } from '#local/event-source-mapping/s3-destination.ts';
import type { EventSourceMapping } from '#local/event-source-mapping/types.ts';
import type { Invoke } from '#local/lambda/invocation.ts';
import type { Logger } from '#shared/log.ts';
import type { ResourceNames } from '#shared/names.ts';
import type { Settings } from '#shared/settings.ts';
import type { LocalClients } from './clients.ts';
import type { Functions } from './functions.ts';
import type { Provisioned } from './provision.ts';

/** The two mappings of a stack. */
export type Mappings = Readonly<Record<'inference' | 'metrics', EventSourceMapping>>;

/** Puts something between a mapping and its function. */
export type WrapInvoke = (name: keyof Mappings, invoke: Invoke) => Invoke;

/** What the mappings are started from. */
export interface MappingsOptions {
  readonly directory: string;
  readonly settings: Settings;
  readonly names: ResourceNames;
  readonly clients: LocalClients;
  readonly functions: Functions;
  readonly provisioned: Provisioned;
  readonly log: Logger;
  readonly wrapInvoke: WrapInvoke;
}

/** Maps the text stream to the inference function, and the table's stream to the metrics function. */
export function startMappings(options: MappingsOptions): Mappings {
  const { settings, names, clients, functions, provisioned } = options;
  const common = (name: keyof Mappings) => ({
    invoke: options.wrapInvoke(name, functions[name].invoke),
    functionArn: functions[name].arn,
    settings: settings[name].mapping,
    checkpoints: fileCheckpoints(join(options.directory, 'checkpoints', name)),
    log: options.log,
  });
  return {
    inference: startEventSourceMapping({
      ...common('inference'),
      source: kinesisSource({
        client: clients.kinesis,
        streamName: names.stream,
        streamArn: provisioned.streamArn,
        retentionHours: settings.stream.retentionHours,
      }),
      onFailure: s3Destination(clients.s3, names.failuresBucket),
    }),
    metrics: startEventSourceMapping({
      ...common('metrics'),
      source: dynamoDbSource({ client: clients.streams, streamArn: provisioned.resultsStreamArn }),
    }),
  };
}
