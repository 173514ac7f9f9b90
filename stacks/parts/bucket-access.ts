import { Aws, Stack } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { acknowledge, allow } from './function-parts.ts';

/** Bucket names are unique in the world: account and region make this one so. */
export const bucketNameOf = (name: string): string => `${name}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;

/** Lets a role do just these actions on objects under a prefix, and says why no more can be known of their keys. */
export function allowObjects(
  role: Role,
  actions: string[],
  bucket: Pick<IBucket, 'arnForObjects'>,
  prefix: string,
  reason: string,
): void {
  const objects = bucket.arnForObjects(`${prefix}*`);
  allow(role, actions, objects);
  acknowledge(role, `IAM5[Resource::${asFound(Stack.of(role).resolve(objects))}]`, reason);
}

type Resolved =
  | string
  | { Ref?: string; 'Fn::GetAtt'?: string[]; 'Fn::Join'?: [string, Resolved[]] };

/** A resource as the findings of the rules spell it. */
function asFound(arn: Resolved): string {
  if (typeof arn === 'string') return arn;
  const { Ref: name, 'Fn::GetAtt': attribute, 'Fn::Join': joined } = arn;
  return joined ? joined[1].map(asFound).join(joined[0]) : `<${name ?? attribute?.join('.')}>`;
}
