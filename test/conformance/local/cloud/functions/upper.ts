/** A function that puts what it reads on a table, and fails on what says so. */
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { KinesisStreamEvent } from 'aws-lambda';

const client = new DynamoDBClient({});

export async function handler({ Records }: KinesisStreamEvent) {
  const failed: { itemIdentifier: string }[] = [];
  for (const { kinesis } of Records) {
    const text = Buffer.from(kinesis.data, 'base64').toString();
    if (text === 'poison') failed.push({ itemIdentifier: kinesis.sequenceNumber });
    const Item = { pk: { S: text }, upper: { S: text.toUpperCase() }, by: { S: `${process.pid}` } };
    if (text !== 'poison')
      await client.send(new PutItemCommand({ TableName: process.env.TABLE, Item }));
  }
  return { batchItemFailures: failed };
}
