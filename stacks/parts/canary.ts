import { Duration, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Stream } from 'aws-cdk-lib/aws-kinesis';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { functionEnvironments } from '#shared/function-environment.ts';
import { canaryTimeoutSeconds } from '#shared/settings.ts';
import { acknowledge, allow, bundledFunction } from './function-parts.ts';
import type { StackContext } from './stack-context.ts';

/** What a canary puts its probes on, and reads their results from. */
export interface CanaryProps {
  readonly stream: Stream;
  readonly results: Table;
}

/** The function that sends a probe through the whole pipeline, and the schedule that runs it. */
export class Canary extends Construct {
  constructor(scope: Construct, id: string, context: StackContext, props: CanaryProps) {
    super(scope, id);
    const { settings, names } = context;
    const { everyMinutes, memoryMb } = settings.canary;
    const { target, role } = bundledFunction(this, context, {
      functionName: names.canaryFunction,
      description: 'Sends a probe through the pipeline, and says whether it came through',
      bundle: 'canary',
      memoryMb,
      timeoutSeconds: canaryTimeoutSeconds(settings),
      environment: functionEnvironments(settings, names).canary,
      // A probe that was not sent has failed. The next one comes by the clock, and not in its place.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
    });
    allowWork(role, props, names.metricsNamespace);
    const caller = new Role(this, 'ScheduleRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: `Runs ${names.canaryFunction}, and nothing else`,
    });
    allow(caller, ['lambda:InvokeFunction'], target.functionArn);
    new CfnSchedule(this, 'Schedule', {
      name: names.canaryFunction,
      description: `Runs ${names.canaryFunction}`,
      scheduleExpression: `rate(${everyMinutes} minutes)`,
      flexibleTimeWindow: { mode: 'OFF' },
      state: 'ENABLED',
      target: {
        arn: target.functionArn,
        roleArn: caller.roleArn,
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      },
    });
  }
}

function allowWork(role: Role, { stream, results }: CanaryProps, namespace: string): void {
  allow(role, ['kinesis:PutRecord'], stream.streamArn);
  allow(role, ['dynamodb:Query'], results.tableArn);
  // These two know no resource: the namespace bounds the one that writes.
  allow(role, ['cloudwatch:GetMetricStatistics'], '*');
  allow(role, ['cloudwatch:PutMetricData'], '*', {
    StringEquals: { 'cloudwatch:namespace': namespace },
  });
  acknowledge(
    role,
    'IAM5[Resource::*]',
    'GetMetricStatistics and PutMetricData take no resource; writing is bound to our namespace.',
  );
}
