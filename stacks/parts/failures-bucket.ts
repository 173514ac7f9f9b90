import type { Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { MARKER_PREFIX, REJECTED_PREFIX } from '#shared/dead-letters/object.ts';
import { ABANDONED_BATCHES_FILTER, ABANDONED_BATCHES_PREFIX } from '#shared/names.ts';
import { allow } from './function-parts.ts';
import { allowObjects, bucketNameOf, privateBucket } from './private-bucket.ts';
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
  return privateBucket(scope, 'Failures', context, {
    bucketName: bucketName(context),
    keptDays: context.settings.results.parkedDays,
    key,
    metrics: [{ id: ABANDONED_BATCHES_FILTER, prefix: ABANDONED_BATCHES_PREFIX }],
    unlogged:
      'Access logs would need a second bucket that outgrows this one; CloudTrail data events serve where an audit asks for them.',
  });
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

/** Lets a role list what lies there, and what of it was redriven. */
export function allowListing(role: Role, bucket: BucketArns): void {
  const prefixes = [REJECTED_PREFIX, ABANDONED_BATCHES_PREFIX, MARKER_PREFIX];
  allow(role, ['s3:ListBucket'], bucket.bucketArn, {
    StringLike: { 's3:prefix': prefixes.map((prefix) => `${prefix}*`) },
  });
}
