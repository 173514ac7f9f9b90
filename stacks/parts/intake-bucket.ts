import { Aws, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Bucket, type CfnBucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { INBOX_PREFIX } from '#shared/names.ts';
import { bucketNameOf, privateBucket } from './private-bucket.ts';
import type { StackContext } from './stack-context.ts';

/** The bucket whose inbox goes onto the stream, with the reports on it; the queue is told of every object there. */
export function intakeBucket(scope: Construct, context: StackContext, queue: Queue): Bucket {
  const bucket = privateBucket(scope, 'Bucket', context, {
    bucketName: bucketName(context),
    keptDays: context.settings.intake.keptDays,
    unlogged:
      'Access logs would need a second bucket; CloudTrail data events serve where an audit asks for them.',
  });
  notify(bucket, bucketName(context), queue);
  return bucket;
}

const bucketName = ({ names }: StackContext): string => bucketNameOf(names.intakeBucket);

/** The bucket as another stack sees it, by its name. */
export function namedIntakeBucket(scope: Construct, context: StackContext): IBucket {
  return Bucket.fromBucketName(scope, 'Intake', bucketName(context));
}

/** As a property of the bucket: CDK's own way takes a function more, with rights on every bucket. */
function notify(bucket: Bucket, bucketName: string, queue: Queue): void {
  const arn = Stack.of(bucket).formatArn({
    ...{ service: 's3', region: '', account: '', resource: bucketName },
  });
  const fromBucket = {
    ArnEquals: { 'aws:SourceArn': arn },
    StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
  };
  queue.grantSendMessages(new ServicePrincipal('s3.amazonaws.com', { conditions: fromBucket }));
  const resource = bucket.node.defaultChild as CfnBucket;
  resource.notificationConfiguration = {
    queueConfigurations: [
      {
        event: 's3:ObjectCreated:*',
        queue: queue.queueArn,
        filter: { s3Key: { rules: [{ name: 'prefix', value: INBOX_PREFIX }] } },
      },
    ],
  };
  // S3 tries the queue when it is told of it.
  resource.node.addDependency(queue);
}
