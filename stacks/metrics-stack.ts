import { join } from 'node:path';
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Role } from 'aws-cdk-lib/aws-iam';
import {
  type CfnEventSourceMapping,
  Code,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { functionEnvironments } from '#shared/function-environment.ts';
import { metricsStateTableDefinition, TTL_ATTRIBUTE } from '#shared/results-table/definition.ts';
import { allowAbandoning, namedFailuresBucket } from './parts/failures-bucket.ts';
import { acknowledge, allow, architecture, functionParts } from './parts/function-parts.ts';
import type { RedactionKeys } from './parts/redaction.ts';
import { type StackContext, tagAll } from './parts/stack-context.ts';
import { StreamMapping } from './parts/stream-mapping.ts';

/** Results to metrics: the function on the table's stream, and the table in which it remembers what it has counted. */
export class MetricsStack extends Stack {
  readonly mapping: CfnEventSourceMapping;

  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    props: StackProps & { results: Table; redaction: RedactionKeys | undefined },
  ) {
    super(scope, id, props);
    const { settings, names } = context;
    const streamArn = props.results.tableStreamArn;
    if (streamArn === undefined) throw new Error('the results table has no stream');

    const state = stateTable(this, context);
    const { logGroup, role } = functionParts(this, context, names.metricsFunction);
    allowWork(role, streamArn, state, names.metricsNamespace);
    const failures = namedFailuresBucket(this, context);
    allowAbandoning(role, failures);
    if (props.redaction) allow(role, ['kms:GenerateDataKey'], props.redaction.parked.keyArn);
    const { reservedConcurrency } = settings.metrics;
    const metrics = new LambdaFunction(this, 'Function', {
      functionName: names.metricsFunction,
      description: 'Metrics of the results, each record counted once',
      runtime: Runtime.NODEJS_24_X,
      code: Code.fromAsset(join(context.root, 'dist', 'metrics')),
      handler: 'index.handler',
      architecture: architecture(context),
      memorySize: settings.metrics.memoryMb,
      timeout: Duration.seconds(settings.metrics.timeoutSeconds),
      environment: functionEnvironments(settings, names).metrics,
      logGroup,
      role,
      ...(reservedConcurrency > 0 && { reservedConcurrentExecutions: reservedConcurrency }),
    });
    this.mapping = new StreamMapping(this, 'Mapping', {
      target: metrics,
      streamArn,
      settings: settings.metrics.mapping,
      failures,
    }).resource;
    tagAll(this, context);
  }
}

function stateTable(scope: Construct, context: StackContext): Table {
  const [partition, sort] = metricsStateTableDefinition.KeySchema;
  return new Table(scope, 'State', {
    tableName: context.names.metricsStateTable,
    partitionKey: { name: partition.AttributeName, type: AttributeType.STRING },
    sortKey: { name: sort.AttributeName, type: AttributeType.STRING },
    timeToLiveAttribute: TTL_ATTRIBUTE,
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: context.removalPolicy,
  });
}

function allowWork(role: Role, streamArn: string, state: Table, namespace: string): void {
  allow(
    role,
    ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
    streamArn,
  );
  // These three know no resource: the namespace bounds the one that writes.
  allow(role, ['dynamodb:ListStreams', 'cloudwatch:GetMetricStatistics'], '*');
  allow(role, ['cloudwatch:PutMetricData'], '*', {
    StringEquals: { 'cloudwatch:namespace': namespace },
  });
  allow(role, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'], state.tableArn);
  acknowledge(
    role,
    'IAM5[Resource::*]',
    'ListStreams, GetMetricStatistics and PutMetricData take no resource; writing is bound to our namespace.',
  );
}
