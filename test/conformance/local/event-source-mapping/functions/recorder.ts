import { appendFileSync } from 'node:fs';
import type { KinesisStreamEvent } from 'aws-lambda';

/** A function that takes a while over each batch and then appends its sequence numbers to a file. */
export async function handler(event: KinesisStreamEvent): Promise<null> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  const lines = event.Records.map(({ kinesis }) => `${kinesis.sequenceNumber}\n`).join('');
  appendFileSync(process.env.RECORD_FILE ?? '', lines);
  return null;
}
