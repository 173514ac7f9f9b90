import { SOURCE_INDEX } from '#shared/names.ts';

/** Names of the results table's key attributes. */
export const resultsTableKeys = {
  partition: 'pk',
  sort: 'sk',
  indexPartition: 'sourceKey',
  indexSort: 'sourceOrder',
} as const;

/** Attribute that the tables' TTL reads, in epoch seconds. */
export const TTL_ATTRIBUTE = 'expiresAt';

/** The results table as `CreateTable` takes it, without its name: keys, index, stream of new images. */
export const resultsTableDefinition = {
  KeySchema: [
    { AttributeName: resultsTableKeys.partition, KeyType: 'HASH' },
    { AttributeName: resultsTableKeys.sort, KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: resultsTableKeys.partition, AttributeType: 'S' },
    { AttributeName: resultsTableKeys.sort, AttributeType: 'S' },
    { AttributeName: resultsTableKeys.indexPartition, AttributeType: 'S' },
    { AttributeName: resultsTableKeys.indexSort, AttributeType: 'S' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: SOURCE_INDEX,
      KeySchema: [
        { AttributeName: resultsTableKeys.indexPartition, KeyType: 'HASH' },
        { AttributeName: resultsTableKeys.indexSort, KeyType: 'RANGE' },
      ],
      // Every write of a result is a write of its index entry: with the keys alone, one of a single unit.
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
} as const;

/** The metrics state table as `CreateTable` takes it, without its name; items expire as those of results do. */
export const metricsStateTableDefinition = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
} as const;
