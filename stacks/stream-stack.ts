import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { Construct } from 'constructs';
import { type StackContext, tagAll } from './parts/stack-context.ts';

/** The stream that texts come in on. */
export class StreamStack extends Stack {
  readonly stream: Stream;

  constructor(scope: Construct, id: string, context: StackContext, props?: StackProps) {
    super(scope, id, props);
    const { settings, names, removalPolicy } = context;
    const provisioned = settings.stream.mode === 'provisioned';
    this.stream = new Stream(this, 'Stream', {
      streamName: names.stream,
      streamMode: provisioned ? StreamMode.PROVISIONED : StreamMode.ON_DEMAND,
      ...(provisioned && { shardCount: settings.stream.shards }),
      retentionPeriod: Duration.hours(settings.stream.retentionHours),
      encryption: StreamEncryption.MANAGED,
      removalPolicy,
    });
    tagAll(this, context);
  }
}
