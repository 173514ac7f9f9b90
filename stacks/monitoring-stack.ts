import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Stream } from 'aws-cdk-lib/aws-kinesis';
import type { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { alarmDefinitions } from '#shared/alarms.ts';
import { createAlarm } from './parts/alarm.ts';
import { alarmTopic } from './parts/alarm-topic.ts';
import { Canary } from './parts/canary.ts';
import { createDashboard } from './parts/dashboard.ts';
import { type StackContext, tagAll } from './parts/stack-context.ts';

/** What tells people: alarms, the topic they all go to, the dashboard, the canary. */
export class MonitoringStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    props: StackProps & {
      stream: Stream;
      results: Table;
      failures: Bucket;
      metricsMapping: CfnEventSourceMapping;
    },
  ) {
    super(scope, id, props);
    const topic = alarmTopic(this, context);
    const names = {
      ...context.names,
      failuresBucket: props.failures.bucketName,
      metricsMapping: props.metricsMapping.ref,
    };
    const alarms = alarmDefinitions(context.settings, names).map((definition) =>
      createAlarm(this, definition, topic.topicArn),
    );
    createDashboard(this, context, alarms);
    if (context.settings.canary.everyMinutes > 0) new Canary(this, 'Canary', context, props);
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn });
    tagAll(this, context);
  }
}
