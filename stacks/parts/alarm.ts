import { CfnAlarm, type CfnAlarmProps } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { type AlarmDefinition, putMetricAlarmInput } from '#shared/alarms.ts';

/** CloudFormation names every property as PutMetricAlarm does; CDK begins them with a small letter. */
function withSmallLetters(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSmallLetters);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/^[A-Z]+(?=[A-Z])|^[A-Z]/, (start) => start.toLowerCase()),
      withSmallLetters(inner),
    ]),
  );
}

/** The alarm that a definition describes, as a local stack makes it too; it tells the topic of ALARM and of OK. */
export function createAlarm(
  scope: Construct,
  definition: AlarmDefinition,
  topicArn: string,
): CfnAlarm {
  const input = putMetricAlarmInput(definition, [topicArn]);
  // A construct around it keeps the logical id that deployed alarms have: under another, their names would be taken.
  const parent = new Construct(scope, definition.id);
  return new CfnAlarm(parent, 'Resource', withSmallLetters(input) as CfnAlarmProps);
}
