import type { KinesisClient } from '@aws-sdk/client-kinesis';
import {
  type TextRecord,
  type TextRecordInput,
  textRecordSchema,
} from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { ValidationError } from '#shared/errors.ts';
import { type PutCounts, type PutOptions, type PutReport, putBlobs } from './put-blobs.ts';
import { type Blob, createPutRecords, type PutRecords } from './put-records.ts';

/** What a producer is made of; the rest has defaults. */
export interface ProducerOptions extends Omit<PutOptions, 'onProgress'> {
  /** A Kinesis client; `createKinesisClient` makes one that suits. */
  readonly client: Pick<KinesisClient, 'send'>;
  readonly streamName: string;
  /** What decides a record's shard: records of one key keep their order. Default: the record's id. */
  readonly partitionKey?: ((record: TextRecord) => string) | undefined;
}

/** What came of records: how many were put, what was stranded and why, and what was never sent because it breaks a rule. */
export interface ProduceReport {
  /** Records read from the input. */
  readonly read: number;
  /** Records that the stream took. */
  readonly put: number;
  /** Attempts beyond the first, over all records. */
  readonly retried: number;
  /** Bytes of data that the stream took. */
  readonly bytes: number;
  /** Valid records that were given up; they may be put again. */
  readonly stranded: readonly { readonly record: TextRecord; readonly reason: string }[];
  /** Records that break a rule, with the field at fault. */
  readonly invalid: readonly {
    readonly record: TextRecordInput;
    readonly field: string;
    readonly message: string;
  }[];
  /** Why the input was not read to its end, where it was not. */
  readonly stopped?: string;
}

/** Settings of one `put`. */
export interface PutCallOptions {
  /** Called after every call to the stream. */
  readonly onProgress?: (counts: PutCounts) => void;
  /** Ends this `put` early; beside the producer's own signal. */
  readonly signal?: AbortSignal;
}

/** Puts text records on a stream. */
export interface Producer {
  /** Checks every record, then puts it; never throws for a record or for the stream, but for the input itself. */
  put(
    records: Iterable<TextRecordInput> | AsyncIterable<TextRecordInput>,
    options?: PutCallOptions,
  ): Promise<ProduceReport>;
  /** Puts raw bytes, unchecked, with their partition keys. */
  putBlobs<T extends Blob>(
    blobs: Iterable<T> | AsyncIterable<T>,
    options?: PutCallOptions,
  ): Promise<PutReport<T>>;
}

/**
 * A producer on a Kinesis stream: checks records before it sends them, fills calls up to the service's limits, sends again only
 * what failed (exponential backoff, full jitter, bounded attempts), keeps to a rate, and says what became of everything.
 *
 * @throws {RangeError} where the rate or the attempts are not above 0.
 */
export function createProducer(options: ProducerOptions): Producer {
  return createProducerOn(createPutRecords(options.client, options.streamName), options);
}

/** A producer on any way to put records. */
export function createProducerOn(
  putRecords: PutRecords,
  options: Omit<ProducerOptions, 'client' | 'streamName'> = {},
): Producer {
  const { partitionKey = (record: TextRecord) => record.id, signal: ownSignal, ...rest } = options;
  if (options.ratePerSecond !== undefined && !(options.ratePerSecond > 0)) {
    throw new RangeError('ratePerSecond must be more than 0');
  }
  if (options.maximumAttempts !== undefined && !(options.maximumAttempts >= 1)) {
    throw new RangeError('maximumAttempts must be at least 1');
  }
  const optionsOf = ({ onProgress, signal }: PutCallOptions = {}): PutOptions => {
    const signals = [ownSignal, signal].filter((given) => given !== undefined);
    return {
      ...rest,
      ...(onProgress && { onProgress }),
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    };
  };
  return {
    putBlobs: (blobs, callOptions) => putBlobs(blobs, putRecords, optionsOf(callOptions)),
    async put(records, callOptions) {
      let read = 0;
      const invalid: { record: TextRecordInput; field: string; message: string }[] = [];
      async function* checked() {
        for await (const input of records) {
          read += 1;
          try {
            const record = validate(textRecordSchema, input);
            const data = Buffer.from(JSON.stringify(record));
            yield { record, data, partitionKey: partitionKey(record) };
          } catch (error) {
            if (!(error instanceof ValidationError)) throw error;
            invalid.push({ record: input, field: error.field, message: error.message });
          }
        }
      }
      const { stranded, ...report } = await putBlobs(checked(), putRecords, optionsOf(callOptions));
      return {
        read,
        ...report,
        stranded: stranded.map(({ blob, reason }) => ({ record: blob.record, reason })),
        invalid,
      };
    },
  };
}
