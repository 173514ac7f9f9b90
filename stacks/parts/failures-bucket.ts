import { Aws, Duration } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ABANDONED_BATCHES_FILTER, ABANDONED_BATCHES_PREFIX } from '#shared/names.ts';
import { acknowledge } from './acknowledge.ts';
import type { StackContext } from './stack-context.ts';

const DAYS_KEPT = 90;

/** The bucket for what could not be processed: kept long enough to be redriven, then gone. */
export function failuresBucket(scope: Construct, context: StackContext): Bucket {
  const bucket = new Bucket(scope, 'Failures', {
    // Bucket names are unique in the world: account and region make this one so.
    bucketName: `${context.names.failuresBucket}-${Aws.ACCOUNT_ID}-${Aws.REGION}`,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    versioned: false,
    removalPolicy: context.removalPolicy,
    lifecycleRules: [
      {
        id: 'Forget',
        expiration: Duration.days(DAYS_KEPT),
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
    ],
    metrics: [{ id: ABANDONED_BATCHES_FILTER, prefix: ABANDONED_BATCHES_PREFIX }],
  });
  acknowledge(
    bucket,
    'S1',
    'Access logs would need a second bucket that outgrows this one; CloudTrail data events serve where an audit asks for them.',
  );
  return bucket;
}
