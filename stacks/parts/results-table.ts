import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
} from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import {
  resultsTableDefinition,
  resultsTableKeys,
  TTL_ATTRIBUTE,
} from '#shared/results-table/definition.ts';
import type { StackContext } from './stack-context.ts';

/** The results table: its stream feeds the metrics, its index serves a source's results, newest first. */
export function resultsTable(scope: Construct, context: StackContext): Table {
  const { BillingMode: billing, StreamSpecification: stream } = resultsTableDefinition;
  const [index] = resultsTableDefinition.GlobalSecondaryIndexes;
  const text = (name: string) => ({ name, type: AttributeType.STRING });
  const table = new Table(scope, 'Results', {
    tableName: context.names.resultsTable,
    partitionKey: text(resultsTableKeys.partition),
    sortKey: text(resultsTableKeys.sort),
    billingMode: BillingMode[billing],
    stream: StreamViewType[stream.StreamViewType],
    timeToLiveAttribute: TTL_ATTRIBUTE,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: context.settings.removalPolicy === 'retain',
    removalPolicy: context.removalPolicy,
  });
  table.addGlobalSecondaryIndex({
    indexName: index.IndexName,
    partitionKey: text(resultsTableKeys.indexPartition),
    sortKey: text(resultsTableKeys.indexSort),
    projectionType: ProjectionType[index.Projection.ProjectionType],
  });
  return table;
}
