import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
} from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { SOURCE_INDEX } from '#shared/names.ts';
import { resultsTableKeys, TTL_ATTRIBUTE } from '#shared/results-table/definition.ts';
import type { StackContext } from './stack-context.ts';

/** The results table: its stream feeds the metrics, its index serves a source's results, newest first. */
export function resultsTable(scope: Construct, context: StackContext): Table {
  const text = (name: string) => ({ name, type: AttributeType.STRING });
  const table = new Table(scope, 'Results', {
    tableName: context.names.resultsTable,
    partitionKey: text(resultsTableKeys.partition),
    sortKey: text(resultsTableKeys.sort),
    billingMode: BillingMode.PAY_PER_REQUEST,
    stream: StreamViewType.NEW_IMAGE,
    timeToLiveAttribute: TTL_ATTRIBUTE,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: context.settings.removalPolicy === 'retain',
    removalPolicy: context.removalPolicy,
  });
  table.addGlobalSecondaryIndex({
    indexName: SOURCE_INDEX,
    partitionKey: text(resultsTableKeys.indexPartition),
    sortKey: text(resultsTableKeys.indexSort),
    projectionType: ProjectionType.ALL,
  });
  return table;
}
