import { Aws, Duration } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketMetrics,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge, allowPattern } from './function-parts.ts';
import type { StackContext } from './stack-context.ts';

/** Bucket names are unique in the world: account and region make this one so. */
export const bucketNameOf = (name: string): string => `${name}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;

/** What makes a private bucket. */
export interface PrivateBucketProps {
  readonly bucketName: string;
  /** Days after which an object is gone; it stays where left out. */
  readonly keptDays?: number;
  /** S3's own key where left out. */
  readonly key?: IKey | undefined;
  readonly metrics?: BucketMetrics[];
  /** Why it has no access logs. */
  readonly unlogged: string;
}

/** A bucket that is encrypted, closed to the world, and forgets; it keeps no earlier version of an object. */
export function privateBucket(
  scope: Construct,
  id: string,
  { removalPolicy }: StackContext,
  { bucketName, keptDays, key, metrics, unlogged }: PrivateBucketProps,
): Bucket {
  const bucket = new Bucket(scope, id, {
    bucketName,
    ...(key
      ? { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }
      : { encryption: BucketEncryption.S3_MANAGED }),
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    versioned: false,
    removalPolicy,
    lifecycleRules: [
      {
        id: 'Forget',
        ...(keptDays !== undefined && { expiration: Duration.days(keptDays) }),
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
    ],
    ...(metrics && { metrics }),
  });
  acknowledge(bucket, 'S1', unlogged);
  return bucket;
}

/** Lets a role do just these actions on objects under a prefix, and says why no more can be known of their keys. */
export function allowObjects(
  role: Role,
  actions: string[],
  bucket: Pick<IBucket, 'arnForObjects'>,
  prefix: string,
  reason: string,
): void {
  allowPattern(role, actions, bucket.arnForObjects(`${prefix}*`), reason);
}
