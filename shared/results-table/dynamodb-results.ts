import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { fromAttributes, toAttributes } from './attribute-values.ts';
import type { GetBatch, ItemKey } from './get-items.ts';
import type { QueryItems } from './places.ts';
import type { StoredItem } from './stored-item.ts';
import type { ScanItems } from './walk-places.ts';
import type { PutBatch } from './write-items.ts';

/** A document client whose own retries stay out of the way of the writer's. */
export function createDocumentClient(config: DynamoDBClientConfig = {}): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 2, ...config }), {
    marshallOptions: { removeUndefinedValues: true },
  });
}

/** `BatchWriteItem` on the results table. */
export function createPutBatch(client: DynamoDBDocumentClient, table: string): PutBatch {
  return async (items, abortSignal) => {
    const puts = items.map((item) => ({ PutRequest: { Item: toAttributes(item) } }));
    const answer = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [table]: puts } }),
      { abortSignal },
    );
    return (answer.UnprocessedItems?.[table] ?? []).flatMap(({ PutRequest }) =>
      PutRequest?.Item ? [fromAttributes(PutRequest.Item)] : [],
    );
  };
}

/**
 * `BatchGetItem` on the results table, consistent: what the index names already is in the table, but not yet in every copy of it.
 *
 * @param attributes what to bring of each item; the whole item by default
 */
export function createGetBatch(
  client: DynamoDBDocumentClient,
  table: string,
  attributes?: readonly string[],
): GetBatch {
  // By placeholders, since some names are reserved words.
  const projection = attributes && {
    ProjectionExpression: attributes.map((_, index) => `#a${index}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(
      attributes.map((name, index) => [`#a${index}`, name]),
    ),
  };
  return async (keys, abortSignal) => {
    const Keys = keys.map(({ pk, sk }) => toAttributes({ pk, sk }));
    const RequestItems = { [table]: { Keys, ConsistentRead: true, ...projection } };
    const answer = await client.send(
      new BatchGetItemCommand({ RequestItems }),
      abortSignal && { abortSignal },
    );
    const unprocessed = (answer.UnprocessedKeys?.[table]?.Keys ?? []).map((item) =>
      fromAttributes(item),
    );
    return {
      items: (answer.Responses?.[table] ?? []).map((item) => fromAttributes(item)),
      unprocessed: unprocessed as unknown as ItemKey[],
    };
  };
}

/** `Query` on the results table, page by page. */
export function createQueryItems(client: DynamoDBDocumentClient, table: string): QueryItems {
  return async ({ index, key, range, limit, oldestFirst = false, attributes = [], signal }) => {
    const items: StoredItem[] = [];
    let start: Record<string, AttributeValue> | undefined;
    do {
      const answer = await client.send(
        new QueryCommand({
          TableName: table,
          ...(index && { IndexName: index }),
          KeyConditionExpression: `#key = :key${range ? ' AND #range BETWEEN :from AND :to' : ''}`,
          ...(attributes.length > 0 && { ProjectionExpression: attributes.join(', ') }),
          ExpressionAttributeNames: { '#key': key[0], ...(range && { '#range': range[0] }) },
          ExpressionAttributeValues: toAttributes({
            ':key': key[1],
            ...(range && { ':from': range[1], ':to': range[2] }),
          }),
          ScanIndexForward: oldestFirst,
          ...(start && { ExclusiveStartKey: start }),
          ...(limit !== undefined && { Limit: limit - items.length }),
        }),
        signal && { abortSignal: signal },
      );
      items.push(...(answer.Items ?? []).map((item) => fromAttributes(item)));
      start = answer.LastEvaluatedKey;
    } while (start && (limit === undefined || items.length < limit));
    return items;
  };
}

/** `Scan` of an index of the results table. */
export function createScanItems(client: DynamoDBDocumentClient, table: string): ScanItems {
  return async ({ index, range: [name, from, to], after, signal }) => {
    const answer = await client.send(
      new ScanCommand({
        TableName: table,
        IndexName: index,
        FilterExpression: '#range BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#range': name },
        ExpressionAttributeValues: toAttributes({ ':from': from, ':to': to }),
        ...(after && { ExclusiveStartKey: toAttributes(after) }),
      }),
      signal && { abortSignal: signal },
    );
    return {
      items: (answer.Items ?? []).map((item) => fromAttributes(item)),
      ...(answer.LastEvaluatedKey && { next: fromAttributes(answer.LastEvaluatedKey) }),
    };
  };
}
