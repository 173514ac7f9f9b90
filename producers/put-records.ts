import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { messageOf } from '#shared/errors.ts';
import { isThrottle, isUnavailable, statusOf } from '#shared/retry.ts';

/** Most records that one PutRecords call takes. */
export const MAXIMUM_CALL_RECORDS = 500;
/** Most bytes that one PutRecords call takes, partition keys included. */
export const MAXIMUM_CALL_BYTES = 10 * 1024 * 1024;

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

/** What became of one blob of a call: on the stream, not yet, or never because the service refuses this very blob. */
export type BlobOutcome =
  | { readonly kind: 'taken' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** What became of a call. */
export interface CallReport {
  /** By blob, in order. */
  readonly outcomes: readonly BlobOutcome[];
  /** Why no later call can do better: the service refuses the caller or the stream. */
  readonly stopped?: string;
  /** Whether a part of the call got no answer by blob. */
  readonly threw: boolean;
  /** Bytes of the smallest part that was refused for its size, keys included. */
  readonly tooLargeBytes: number;
}

/** Bytes that a blob counts for on the stream and in a call: its partition key is part of them. */
export const sizeOf = (blob: Blob): number =>
  blob.data.length + Buffer.byteLength(blob.partitionKey);

/**
 * Sends one call. One that is refused for its size, or for what is in it, is halved until the blob at fault stands alone, so
 * that it takes no neighbour along.
 */
export async function sendCall(
  blobs: readonly Blob[],
  putRecords: PutRecords,
  signal: AbortSignal,
): Promise<CallReport> {
  const outcomes: BlobOutcome[] = [];
  const parts = [blobs];
  let stopped: string | undefined;
  let threw = false;
  let tooLargeBytes = Number.POSITIVE_INFINITY;
  const fail = (part: readonly Blob[], reason: string): void => {
    for (const _ of part) outcomes.push({ kind: 'failed', reason });
  };
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (stopped !== undefined || (signal.aborted && part !== blobs)) {
      fail(part, stopped ?? 'the producer was stopped');
      continue;
    }
    try {
      const faults = await putRecords(part);
      for (const index of part.keys()) outcomes.push(outcomeOf(faults[index]));
    } catch (error) {
      const reason = `${error instanceof Error ? error.name : 'Error'}: ${messageOf(error)}`;
      const fault = callFault(error);
      if (fault === 'content' || fault === 'size') {
        const middle = part.length >> 1;
        if (middle === 0) outcomes.push({ kind: 'refused', reason });
        else parts.push(part.slice(middle), part.slice(0, middle));
        if (fault === 'size' && middle > 0) {
          const bytes = part.reduce((sum, blob) => sum + sizeOf(blob), 0);
          tooLargeBytes = Math.min(tooLargeBytes, bytes);
        }
        continue;
      }
      threw = true;
      if (fault === 'caller') stopped = reason;
      fail(part, reason);
    }
  }
  return { outcomes, threw, tooLargeBytes, ...(stopped !== undefined && { stopped }) };
}

const OF_THE_RECORD =
  /^(ValidationException|InvalidArgumentException|SerializationException|InvalidParameter\w*):/;

function outcomeOf(fault: string | undefined): BlobOutcome {
  if (fault === undefined) return { kind: 'taken' };
  return { kind: OF_THE_RECORD.test(fault) ? 'refused' : 'failed', reason: fault };
}

const OF_THE_CALLER =
  /AccessDenied|NotFound|InUse|Client|Token|Signature|Authori[sz]|Authenticat|Credential|KMS|Security|OptIn|UnknownOperation|InvalidAction|Expired/i;
const NETWORK_MESSAGE = /socket|network|time[d-]?\s?out|connection|hang up/i;

/** Whether an error without an answer came from the way there and back, so that nobody knows what became of the call. */
function isNetworkFault(error: unknown): boolean {
  if (isUnavailable(error)) return true;
  if (!(error instanceof Error)) return false;
  // The SDK attaches an answer that it could not read.
  const hasAnswer = Reflect.get(error, '$response') !== undefined;
  return hasAnswer || (error.name === 'Error' && NETWORK_MESSAGE.test(error.message));
}

/**
 * What a call failed of: of the moment, so that it may succeed later; of its size; of something in it; or of who asks, and
 * where. An error of this process, such as a marshaller's, is one of the content: the same call never succeeds.
 */
function callFault(error: unknown): 'moment' | 'size' | 'content' | 'caller' {
  const status = statusOf(error);
  const { name, message } = error instanceof Error ? error : { name: '', message: '' };
  if (isThrottle(error)) return 'moment';
  if (status === 413) return 'size';
  if (status === undefined) {
    if (OF_THE_CALLER.test(name) || /region is missing/i.test(message)) return 'caller';
    return isNetworkFault(error) ? 'moment' : 'content';
  }
  if (status >= 500 || status === 408) return 'moment';
  // What is wrong with the stream's name is wrong with every call.
  const ofStream = /stream ?(name|arn)/i.test(message) && !/records\.\d/i.test(message);
  return status !== 400 || OF_THE_CALLER.test(name) || ofStream ? 'caller' : 'content';
}
