import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { Stream } from 'aws-cdk-lib/aws-kinesis';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { REJECTED_PREFIX } from '#shared/dead-letters/object.ts';
import { functionEnvironments } from '#shared/function-environment.ts';
import { INBOX_PREFIX, REPORTS_PREFIX } from '#shared/names.ts';
import { allowParking, namedFailuresBucket } from './parts/failures-bucket.ts';
import { acknowledge, allow, bundledFunction } from './parts/function-parts.ts';
import { intakeBucket } from './parts/intake-bucket.ts';
import { allowObjects } from './parts/private-bucket.ts';
import { type RedactionKeys, redactionEnvironment } from './parts/redaction.ts';
import { type StackContext, tagAll } from './parts/stack-context.ts';

/** Longer than the function runs: a message comes again soon after a run that died or had no time left. */
const VISIBILITY_MARGIN_SECONDS = 30;

/** Objects to records: the bucket with its inbox, the queue that its notifications wait in, the function that reads them. */
export class IntakeStack extends Stack {
  readonly bucket: Bucket;

  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    props: StackProps & { stream: Stream; results: Table; redaction: RedactionKeys | undefined },
  ) {
    super(scope, id, props);
    const { settings, names } = context;
    const { intake } = settings;
    const queue = notificationQueue(this, context);
    this.bucket = intakeBucket(this, context, queue);

    const failures = namedFailuresBucket(this, context);
    const { target, role } = bundledFunction(this, context, {
      functionName: names.intakeFunction,
      description: 'Objects of the inbox onto the stream, record by record',
      bundle: 'intake',
      memoryMb: intake.memoryMb,
      timeoutSeconds: intake.timeoutSeconds,
      environment: {
        ...functionEnvironments(settings, names).intake,
        ...redactionEnvironment(props.redaction),
        SPANSTREAM_INTAKE_BUCKET: this.bucket.bucketName,
        SPANSTREAM_FAILURES_BUCKET: failures.bucketName,
      },
    });
    allowWork(role, this.bucket, queue, props);
    allowParking(role, failures, REJECTED_PREFIX);
    const mapping = new CfnEventSourceMapping(this, 'Mapping', {
      functionName: target.functionArn,
      eventSourceArn: queue.queueArn,
      batchSize: 1,
      functionResponseTypes: ['ReportBatchItemFailures'],
      scalingConfig: { maximumConcurrency: intake.maximumConcurrency },
    });
    // Lambda tries the queue when the mapping is made.
    mapping.node.addDependency(role);
    new CfnOutput(this, 'IntakeBucket', { value: this.bucket.bucketName });
    tagAll(this, context);
  }
}

function notificationQueue(scope: Construct, { settings, names, removalPolicy }: StackContext) {
  const queue = new Queue(scope, 'Queue', {
    queueName: names.intakeQueue,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
    visibilityTimeout: Duration.seconds(settings.intake.timeoutSeconds + VISIBILITY_MARGIN_SECONDS),
    removalPolicy,
  });
  acknowledge(
    queue,
    'SQS3',
    'The function settles every message for good: what cannot be read has a report that says so. The objects themselves stay in the bucket.',
  );
  return queue;
}

function allowWork(
  role: Role,
  bucket: Bucket,
  queue: Queue,
  {
    stream,
    results,
    redaction,
  }: { stream: Stream; results: Table; redaction: RedactionKeys | undefined },
): void {
  allow(
    role,
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    queue.queueArn,
  );
  const keys =
    'Keys of objects are chosen by those who put them: the prefix is all that can be known of them.';
  allowObjects(role, ['s3:GetObject'], bucket, INBOX_PREFIX, keys);
  allowObjects(role, ['s3:GetObject', 's3:PutObject'], bucket, REPORTS_PREFIX, keys);
  // Without it S3 answers that a missing object is forbidden.
  allow(role, ['s3:ListBucket'], bucket.bucketArn);
  allow(role, ['kinesis:PutRecords'], stream.streamArn);
  allow(role, ['dynamodb:BatchWriteItem'], results.tableArn);
  if (redaction) allow(role, ['kms:GenerateDataKey'], redaction.parked.keyArn);
  allow(role, ['cloudwatch:GetMetricStatistics'], '*');
  acknowledge(role, 'IAM5[Resource::*]', 'GetMetricStatistics takes no resource.');
}
