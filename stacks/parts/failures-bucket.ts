import { Duration } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ABANDONED_BATCHES_FILTER, ABANDONED_BATCHES_PREFIX } from '#shared/names.ts';
import { allowObjects, bucketNameOf } from './bucket-access.ts';
import { acknowledge, allow } from './function-parts.ts';
import type { StackContext } from './stack-context.ts';

/**
 * The bucket for what could not be processed: kept long enough to be redriven, then gone.
 *
 * @param key for originals of texts in which personal data is to be hidden
 */
export function failuresBucket(
  scope: Construct,
  context: StackContext,
  key: IKey | undefined,
): Bucket {
  const bucket = new Bucket(scope, 'Failures', {
    bucketName: bucketName(context),
    ...(key
      ? { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }
      : { encryption: BucketEncryption.S3_MANAGED }),
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    versioned: false,
    removalPolicy: context.removalPolicy,
    lifecycleRules: [
      {
        id: 'Forget',
        expiration: Duration.days(context.settings.results.parkedDays),
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

const bucketName = ({ names }: StackContext): string => bucketNameOf(names.failuresBucket);

/** What a role's permissions need to know of the bucket. */
type BucketArns = Pick<IBucket, 'bucketArn' | 'arnForObjects'>;

/** The bucket as another stack sees it, by its name. */
export function namedFailuresBucket(scope: Construct, context: StackContext): IBucket {
  return Bucket.fromBucketName(scope, 'Failures', bucketName(context));
}

/** Lets a role write objects under a prefix of the bucket, and nothing else. */
export function allowParking(role: Role, bucket: BucketArns, prefix: string): void {
  allowObjects(
    role,
    ['s3:PutObject'],
    bucket,
    prefix,
    'Keys of objects are made of record positions: the prefix is all that can be known of them.',
  );
}

/** Lets Lambda, in a function's name, leave there what it gives up; it tries the bucket when it makes the mapping. */
export function allowAbandoning(role: Role, bucket: BucketArns): void {
  allowParking(role, bucket, ABANDONED_BATCHES_PREFIX);
  allow(role, ['s3:ListBucket'], bucket.bucketArn);
}
