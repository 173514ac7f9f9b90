import { join } from 'node:path';
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type FunctionProps,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
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

/** What makes a function that is one bundle and runs no models. */
export interface BundledFunctionProps
  extends Pick<
    FunctionProps,
    'description' | 'environment' | 'maxEventAge' | 'reservedConcurrentExecutions' | 'retryAttempts'
  > {
  readonly functionName: string;
  /** Its folder in `dist/`. */
  readonly bundle: 'canary' | 'intake' | 'metrics';
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
}

/** A function of a bundle, with its log and its role, which may do nothing more yet. */
export function bundledFunction(
  scope: Construct,
  context: StackContext,
  { bundle, memoryMb, timeoutSeconds, ...props }: BundledFunctionProps,
): { target: LambdaFunction; role: Role } {
  const { logGroup, role } = functionParts(scope, context, props.functionName);
  const target = new LambdaFunction(scope, 'Function', {
    ...props,
    runtime: Runtime.NODEJS_24_X,
    code: Code.fromAsset(join(context.root, 'dist', bundle)),
    handler: 'index.handler',
    architecture: architecture(context),
    memorySize: memoryMb,
    timeout: Duration.seconds(timeoutSeconds),
    logGroup,
    role,
  });
  return { target, role };
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

/** Lets a role do just these actions on what a pattern of ARNs names, and says why no more can be known. */
export function allowPattern(role: Role, actions: string[], pattern: string, reason: string): void {
  allow(role, actions, pattern);
  acknowledge(role, `IAM5[Resource::${asFound(Stack.of(role).resolve(pattern))}]`, reason);
}

/** An ARN as a template has it. */
export type Resolved =
  | string
  | {
      Ref?: string;
      'Fn::GetAtt'?: string[];
      'Fn::Join'?: [string, Resolved[]];
      'Fn::Sub'?: string;
    };

/** A resource as the findings of the rules spell it. */
export function asFound(arn: Resolved): string {
  if (typeof arn === 'string') return arn;
  const { Ref: name, 'Fn::GetAtt': attribute, 'Fn::Join': joined, 'Fn::Sub': filled } = arn;
  if (filled !== undefined) return filled.replaceAll(/\$\{([^}]+)\}/g, '<$1>');
  return joined ? joined[1].map(asFound).join(joined[0]) : `<${name ?? attribute?.join('.')}>`;
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
