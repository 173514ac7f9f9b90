import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { PutBatch } from './write-items.ts';

/** A document client whose own retries stay out of the way of the writer's. */
export function createDocumentClient(): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 2 }), {
    marshallOptions: { removeUndefinedValues: true },
  });
}

/** `BatchWriteItem` on the results table. */
export function createPutBatch(client: DynamoDBDocumentClient, table: string): PutBatch {
  return async (items, abortSignal) => {
    const RequestItems = { [table]: items.map((Item) => ({ PutRequest: { Item } })) };
    const answer = await client.send(new BatchWriteCommand({ RequestItems }), { abortSignal });
    return (answer.UnprocessedItems?.[table] ?? []).flatMap(({ PutRequest }) =>
      PutRequest?.Item ? [PutRequest.Item] : [],
    );
  };
}
