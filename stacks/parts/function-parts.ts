import { Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct, IConstruct } from 'constructs';
import type { StackContext } from './stack-context.ts';

/** A function's log group, and a role that may write to it and do nothing else. */
export function functionParts(
  scope: Construct,
  context: StackContext,
  functionName: string,
): { logGroup: LogGroup; role: Role } {
  const logGroup = new LogGroup(scope, 'Log', {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: logRetention(context),
    removalPolicy: context.removalPolicy,
  });
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `What ${functionName} may do`,
  });
  allow(role, ['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn);
  return { logGroup, role };
}

/** Lets a role do just these actions on just these resources. */
export function allow(
  role: Role,
  actions: string[],
  resources: string | string[],
  conditions: Record<string, unknown> = {},
): void {
  role.addToPolicy(new PolicyStatement({ actions, resources: [resources].flat(), conditions }));
}

/** How long logs are kept. */
export function logRetention({ settings }: StackContext): RetentionDays {
  return settings.logRetentionDays;
}

/** The processor that the functions run on. */
export function architecture({ settings }: StackContext): Architecture {
  return settings.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
}

/** Accepts one finding of the AwsSolutions rules on one construct, with the reason why it is right there. */
export function acknowledge(construct: IConstruct, finding: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${finding}`, reason });
}
