import { Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { functionEnvironments } from '#shared/function-environment.ts';
import { metricsStateTableDefinition, TTL_ATTRIBUTE } from '#shared/results-table/definition.ts';
import { allowAbandoning, namedFailuresBucket } from './parts/failures-bucket.ts';
import { acknowledge, allow, bundledFunction } from './parts/function-parts.ts';
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
    const { memoryMb, timeoutSeconds, reservedConcurrency } = settings.metrics;
    const { target, role } = bundledFunction(this, context, {
      functionName: names.metricsFunction,
      description: 'Metrics of the results, each record counted once',
      bundle: 'metrics',
      memoryMb,
      timeoutSeconds,
      environment: functionEnvironments(settings, names).metrics,
      ...(reservedConcurrency > 0 && { reservedConcurrentExecutions: reservedConcurrency }),
    });
    allowWork(role, streamArn, state, names.metricsNamespace);
    const failures = namedFailuresBucket(this, context);
    allowAbandoning(role, failures);
    if (props.redaction) allow(role, ['kms:GenerateDataKey'], props.redaction.parked.keyArn);
    this.mapping = new StreamMapping(this, 'Mapping', {
      target,
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
