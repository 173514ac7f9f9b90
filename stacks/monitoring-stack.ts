import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { AlarmRule, AlarmState, CompositeAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { alarmDefinitions } from '#shared/alarms.ts';
import { createAlarm } from './parts/alarm.ts';
import { alarmTopic } from './parts/alarm-topic.ts';
import { createDashboard } from './parts/dashboard.ts';
import { type StackContext, tagAll } from './parts/stack-context.ts';

/** What tells people: alarms, one alarm over the critical ones, the topic they go to, the dashboard. */
export class MonitoringStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    props: StackProps & { failures: Bucket },
  ) {
    super(scope, id, props);
    const { settings, names } = context;
    const topic = alarmTopic(this, context);
    const action = new SnsAction(topic);
    const definitions = alarmDefinitions(settings, {
      ...names,
      failuresBucket: props.failures.bucketName,
    });
    const made = definitions.map((definition) => ({
      definition,
      alarm: createAlarm(this, definition),
    }));
    // Critical alarms speak through the one above them, so that one outage is one message.
    for (const { definition, alarm } of made) {
      if (definition.severity === 'critical') continue;
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
    const critical = made.filter(({ definition }) => definition.severity === 'critical');
    const composite = new CompositeAlarm(this, 'Critical', {
      compositeAlarmName: `${names.prefix}-critical`,
      alarmDescription:
        'Records wait or are lost, or clients get errors: the alarms under this one say which.',
      alarmRule: AlarmRule.anyOf(
        ...critical.map(({ alarm }) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM)),
      ),
    });
    composite.addAlarmAction(action);
    composite.addOkAction(action);
    createDashboard(
      this,
      context,
      made.map(({ alarm }) => alarm),
    );
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn });
    tagAll(this, context);
  }
}
