import { Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { StackContext } from './stack-context.ts';

/** The encrypted topic that tells people of alarms; each address confirms its subscription by mail once. */
export function alarmTopic(scope: Construct, context: StackContext): Topic {
  const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com');
  const fromHere = { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } };
  // CloudWatch cannot use the key that AWS manages for SNS: alarms would be dropped without a word.
  const key = new Key(scope, 'TopicKey', {
    description: `Encrypts the alarms of ${context.names.prefix}`,
    enableKeyRotation: true,
    removalPolicy: context.removalPolicy,
  });
  key.addToResourcePolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      principals: [cloudWatch],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      resources: ['*'],
      conditions: fromHere,
    }),
  );
  const topic = new Topic(scope, 'Topic', {
    topicName: context.names.alarmTopic,
    displayName: `Alarms of ${context.names.prefix}`,
    masterKey: key,
    enforceSSL: true,
  });
  topic.addToResourcePolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      principals: [cloudWatch],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: fromHere,
    }),
  );
  for (const email of context.settings.alarms.emails) {
    topic.addSubscription(new EmailSubscription(email));
  }
  return topic;
}
