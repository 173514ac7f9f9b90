import { appendFileSync } from 'node:fs';
import type { DynamoDBStreamEvent } from 'aws-lambda';

/** A function that notes the keys of the changes it is told of. */
export async function handler({ Records }: DynamoDBStreamEvent): Promise<void> {
  const lines = Records.map(({ eventName, dynamodb }) => `${eventName} ${dynamodb?.Keys?.pk?.S}\n`);
  appendFileSync(process.env.NOTES ?? '', lines.join(''));
}
