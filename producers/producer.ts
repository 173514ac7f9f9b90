import type { KinesisClient } from '@aws-sdk/client-kinesis';
import * as z from 'zod';
import {
  type TextRecord,
  type TextRecordInput,
  textRecordSchema,
} from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { messageOf, ValidationError } from '#shared/errors.ts';
import type { KeyOrder } from './backlog.ts';
import { checkBlob, KEY_FIELD } from './check-blob.ts';
import { type CallSettings, type PutCounts, type PutEnd, type PutWork, putAll } from './put-all.ts';
import { type Blob, createPutRecords, type PutRecords } from './put-records.ts';
import { createRateLimiter } from './rate-limiter.ts';

/** What a producer is made of; all but the client and the stream has a default. */
export interface ProducerOptions extends Partial<CallSettings> {
  /** A Kinesis client; `createKinesisClient` makes one that suits. */
  readonly client: Pick<KinesisClient, 'send'>;
  /** The stream's name. */
  readonly streamName: string;
  /** What decides a record's shard: records of one key keep their order. Default: the record's id. */
  readonly partitionKey?: ((record: TextRecord) => string) | undefined;
  /** Most records a second, over all that this producer puts; as fast as the stream takes them where left out. */
  readonly ratePerSecond?: number | undefined;
  /** How often a record is tried before it is given up. Default 10. */
  readonly maximumAttempts?: number;
  /** How long a call waits for more records from a slow input, in milliseconds. Default 200. */
  readonly lingerMs?: number;
  /** Bounds of the backoff between attempts, in milliseconds. Default 100 and 5,000. */
  readonly backoff?: { readonly baseMs: number; readonly capMs: number };
  /** When it aborts, no `put` reads further; what is in hand is tried once more, then the reports are made. */
  readonly signal?: AbortSignal | undefined;
}

/** A record that was valid and was given up, and why; it may be put again. */
export interface StrandedRecord {
  readonly record: TextRecordInput;
  readonly reason: string;
}

/** A record that can never be on the stream, with the field at fault. */
export interface InvalidRecord {
  readonly record: TextRecordInput;
  readonly field: string;
  readonly message: string;
}

/** What came of records: `read` is `put` and what is in the two lists. */
export interface ProduceReport {
  /** Records read from the input. */
  readonly read: number;
  /** Records that the stream took. */
  readonly put: number;
  /** Attempts beyond the first, over all records. */
  readonly retried: number;
  /** Bytes of data that the stream took. */
  readonly bytes: number;
  /** Valid records that were given up, those of a key in their order; empty with `onStranded`. */
  readonly stranded: readonly StrandedRecord[];
  /** Records that break a rule of the contract or of Kinesis; empty with `onInvalid`. */
  readonly invalid: readonly InvalidRecord[];
  /** Why the input was not read to its end, where it was not: the stream takes nothing. */
  readonly stopped?: string;
}

/** What came of raw bytes. */
export interface PutReport<T> extends Omit<ProduceReport, 'stranded' | 'invalid'> {
  /** What was given up or refused, and why. */
  readonly stranded: readonly { readonly blob: T; readonly reason: string }[];
}

/** Settings of one `put` of bytes. */
export interface PutCallOptions {
  /** Called after every call to the stream. */
  readonly onProgress?: ((counts: PutCounts) => void) | undefined;
  /** Ends this `put` early; beside the producer's own signal. */
  readonly signal?: AbortSignal | undefined;
}

/** Settings of one `put` of records. */
export interface PutRecordsOptions extends PutCallOptions {
  /** Told of each record that the stream took, before `onProgress` is called: for a sender that keeps its place. */
  readonly onPut?: ((record: TextRecordInput) => void) | undefined;
  /** Told of each record that is given up, in place of the report's list: for an input that has no end. */
  readonly onStranded?: ((stranded: StrandedRecord) => void) | undefined;
  /** Told of each invalid record, in place of the report's list. */
  readonly onInvalid?: ((invalid: InvalidRecord) => void) | undefined;
}

/** Puts text records on a stream. */
export interface Producer {
  /**
   * Checks every record, then puts it; never rejects for a record or for the stream, but with what the input throws, once
   * everything before that is settled.
   *
   * @example
   * const report = await producer.put([{ id: 'ticket-1', text: 'The train was late.' }]);
   * for (const { field, message } of report.invalid) console.error(field, message);
   */
  put(
    records: Iterable<TextRecordInput> | AsyncIterable<TextRecordInput>,
    options?: PutRecordsOptions,
  ): Promise<ProduceReport>;
  /**
   * Puts raw bytes with their partition keys, unchecked but for the limits of Kinesis.
   *
   * @example
   * const report = await producer.putBlobs([{ data: new Uint8Array([1, 2]), partitionKey: 'a' }]);
   */
  putBlobs<T extends Blob>(
    blobs: Iterable<T> | AsyncIterable<T>,
    options?: PutCallOptions,
  ): Promise<PutReport<T>>;
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
const optional = { signal: z.instanceof(AbortSignal).optional() };
const milliseconds = z.number().nonnegative();
const optionsSchema = z.strictObject({
  ...optional,
  partitionKey: z
    .custom<(record: TextRecord) => string>(isFunction, 'must be a function')
    .optional(),
  ratePerSecond: z
    .number('must be a number above 0')
    .positive('must be a number above 0')
    .optional(),
  maximumAttempts: z
    .number()
    .refine((attempts) => attempts >= 1 && Number.isInteger(attempts), {
      message: 'must be a whole number of at least 1',
    })
    .default(10),
  lingerMs: milliseconds.default(200),
  backoff: z
    .strictObject({ baseMs: milliseconds, capMs: milliseconds })
    .default({ baseMs: 100, capMs: 5_000 }),
});
const targetSchema = z.object({
  client: z.custom<Pick<KinesisClient, 'send'>>(
    (value) =>
      value !== null && typeof value === 'object' && isFunction(Reflect.get(value, 'send')),
    'must be a Kinesis client',
  ),
  streamName: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,128}$/, 'must be 1 to 128 of A-Z a-z 0-9 _ . - (a name, no ARN)'),
});
const callback = z.custom<() => void>(isFunction, 'must be a function').optional();
const callSchema = z.strictObject({ ...optional, onProgress: callback });
const recordsCallSchema = callSchema.extend({
  ...{ onPut: callback, onStranded: callback, onInvalid: callback },
});

/**
 * A producer on a Kinesis stream: checks records before it sends them, fills calls up to the service's limits, sends again only
 * what failed (exponential backoff, full jitter, bounded attempts), keeps to a rate, and says what became of everything.
 *
 * Records of one partition key keep their order, over all that one producer puts: the next one goes when the one before it is on
 * the stream. A record whose answer was lost is sent again, so that it may be there twice, and its second copy may come after
 * later ones. Where one is given up, the rest of its key in the same `put` is given up with it: put what is `stranded` again, and the
 * order is that of the input.
 *
 * @throws {ValidationError} naming the option that is wrong or unknown.
 * @example
 * const producer = createProducer({ client: createKinesisClient(), streamName: 'spanstream-dev-text' });
 */
export function createProducer(options: ProducerOptions): Producer {
  const { client, streamName } = validate(targetSchema, options);
  const { client: _, streamName: __, ...rest } = options;
  return createProducerOn(createPutRecords(client, streamName), rest);
}

/**
 * A producer on any way to put records, such as a stream in memory.
 *
 * @throws {ValidationError} naming the option that is wrong or unknown.
 * @example
 * const producer = createProducerOn(async (blobs) => blobs.map(() => undefined));
 */
export function createProducerOn(
  putRecords: PutRecords,
  options: Omit<ProducerOptions, 'client' | 'streamName'> = {},
): Producer {
  const checked = validate(optionsSchema, options);
  const { partitionKey = ({ id }: TextRecord) => id, ratePerSecond, signal, ...settings } = checked;
  const order: KeyOrder = new Map();
  const limiter = createRateLimiter(ratePerSecond);
  const shared = { ...settings, putRecords, order, limiter };
  const run = <T>(
    work: Omit<PutWork<T>, keyof typeof shared | 'signals' | 'onProgress'>,
    call: PutCallOptions,
  ) => {
    const { onProgress } = call;
    const signals = [signal, call.signal].filter((given) => given !== undefined);
    return putAll({ ...shared, ...work, signals, onProgress });
  };

  function prepareRecord(input: TextRecordInput): Blob {
    const record = validate(textRecordSchema, input);
    return checkBlob({
      data: Buffer.from(JSON.stringify(record)),
      partitionKey: keyOf(record, partitionKey),
    });
  }
  return {
    async put(records, call = {}) {
      const { onPut, onStranded, onInvalid } = validate(
        recordsCallSchema,
        call,
      ) as PutRecordsOptions;
      const stranded: StrandedRecord[] = [];
      const invalid: InvalidRecord[] = [];
      const end = await run<TextRecordInput>(
        {
          items: iterable('records', records),
          prepare: prepareRecord,
          onPut,
          onStranded: (record, reason) =>
            onStranded ? onStranded({ record, reason }) : stranded.push({ record, reason }),
          onInvalid: (record, field, message) =>
            onInvalid
              ? onInvalid({ record, field, message })
              : invalid.push({ record, field, message }),
        },
        call,
      );
      return { ...withoutCount(end), stranded, invalid };
    },
    async putBlobs<T extends Blob>(
      blobs: Iterable<T> | AsyncIterable<T>,
      call: PutCallOptions = {},
    ) {
      validate(callSchema, call);
      const stranded: { blob: T; reason: string }[] = [];
      const end = await run<T>(
        {
          items: iterable('blobs', blobs),
          prepare: checkBlob,
          onStranded: (blob, reason) => stranded.push({ blob, reason }),
          onInvalid: (blob, _, reason) => stranded.push({ blob, reason }),
        },
        call,
      );
      return { ...withoutCount(end), stranded };
    },
  };
}

const withoutCount = ({ stranded: _, ...end }: PutEnd): Omit<PutEnd, 'stranded'> => end;

function iterable<T>(name: string, given: T): T {
  const isIterable =
    given !== null &&
    typeof given === 'object' &&
    (Symbol.iterator in given || Symbol.asyncIterator in given);
  if (isIterable) return given;
  throw new ValidationError(name, `${name} must be a list, or another iterable, of them`);
}

function keyOf(record: TextRecord, partitionKey: (record: TextRecord) => unknown): string {
  let key: unknown;
  try {
    key = partitionKey(record);
  } catch (cause) {
    throw new ValidationError(KEY_FIELD, `${KEY_FIELD}: its function threw: ${messageOf(cause)}`, {
      cause,
    });
  }
  // Whatever it is, it is checked with the bytes.
  return key as string;
}
