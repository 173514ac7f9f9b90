import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';

/** Bytes on their way to the stream, and what decides their shard. */
export interface Blob {
  readonly data: Uint8Array;
  readonly partitionKey: string;
}

/**
 * One PutRecords call: at most 500 blobs. Answers per blob in order: undefined where it was taken, else why not.
 * Throws where the call as a whole failed.
 */
export type PutRecords = (blobs: readonly Blob[]) => Promise<(string | undefined)[]>;

/** PutRecords on a Kinesis stream. */
export function createPutRecords(
  client: Pick<KinesisClient, 'send'>,
  streamName: string,
): PutRecords {
  return async (blobs) => {
    const answer = await client.send(
      new PutRecordsCommand({
        StreamName: streamName,
        Records: blobs.map(({ data, partitionKey }) => ({
          Data: data,
          PartitionKey: partitionKey,
        })),
      }),
    );
    return blobs.map((_, index) => {
      const record = answer.Records?.[index];
      if (record?.SequenceNumber !== undefined) return undefined;
      return `${record?.ErrorCode ?? 'NoAnswer'}: ${record?.ErrorMessage ?? 'the stream did not say whether it took the record'}`;
    });
  };
}
