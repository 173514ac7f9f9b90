import { type FailuresAnswer, SHOWN_BYTES } from '#shared/contracts/failures.ts';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { rejectionKey, rejectionMessage, rejectionSchema } from '#shared/contracts/rejection.ts';
import { recordIdSchema } from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { failureObjectSchema, isAbandonedKey, positionOfKey } from '#shared/dead-letters/object.ts';
import { messageOf, SpanstreamError, ValidationError } from '#shared/errors.ts';
import { getItems } from '#shared/results-table/get-items.ts';
import { messageToStore } from '#shared/results-table/redact.ts';
import { statusOf } from '#shared/retry.ts';
import { decodeTextRecord } from '#shared/stream/decode-record.ts';
import type { HttpDeps } from './on-demand.ts';
import type { ParkedObject } from './parked-objects.ts';

/** What is told of an object of the failures bucket. */
export type Failure = FailuresAnswer['failures'][number];

/** No dead letter is larger: a record of 10 MiB in base64, and what stands around it. */
const LARGEST_OBJECT_BYTES = 15 * 1024 * 1024;

const unreadable = (message: string) => ({ reason: 'unreadable', message }) as const;

/**
 * Says what lies at each of some keys. Where personal data is to be hidden nothing of an object is read: what may be known of
 * it is in its rejection, in the results table.
 */
export async function describeFailures(
  objects: readonly ParkedObject[],
  deps: HttpDeps,
  signal: AbortSignal,
): Promise<Failure[]> {
  const readable = objects.filter(({ key }) => !isAbandonedKey(key));
  const described = deps.options.redaction
    ? await fromRejections(readable, deps, signal)
    : new Map(
        await Promise.all(
          readable.map(
            async (object) => [object.key, await fromObject(object, deps, signal)] as const,
          ),
        ),
      );
  return objects.map((object) => ({
    ...(described.get(object.key) ?? {
      reason: 'abandoned' as const,
      message: 'Lambda gave up a batch; its records are in this object.',
    }),
    ...object,
    ...positionOfObject(object),
  }));
}

type Description = Omit<Failure, 'key' | 'parkedAt' | 'size'>;

function positionOfObject({ key }: ParkedObject) {
  const position = positionOfKey(key);
  if (!position) return {};
  const { subSequenceNumber, ...place } = position;
  return { ...place, ...(subSequenceNumber !== undefined && { subSequenceNumber }) };
}

async function fromRejections(
  objects: readonly ParkedObject[],
  { getBatch, options }: HttpDeps,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Description>> {
  const placed = objects.map(({ key }) => ({ key, position: positionOfKey(key) }));
  const known = placed.flatMap(({ position }) => position ?? []);
  const items = await getItems(known.map(rejectionKey), { getBatch, signal });
  const byPosition = new Map(known.map((position, index) => [position, items[index]]));
  return new Map(
    await Promise.all(
      placed.map(async ({ key, position }): Promise<[string, Description]> => {
        const item = rejectionSchema.safeParse(position && byPosition.get(position));
        if (!item.success) {
          return [key, unreadable('Its rejection is no longer in the results table.')];
        }
        const { reason, arrivedAt } = item.data;
        // It may have been stored before anything was to be hidden.
        const message = await messageToStore(item.data, options);
        return [key, { reason, message, arrivedAt }];
      }),
    ),
  );
}

async function fromObject(
  { key, size }: ParkedObject,
  { failures }: HttpDeps,
  signal: AbortSignal,
): Promise<Description> {
  if (size > LARGEST_OBJECT_BYTES) {
    return unreadable(`It has ${size} bytes, more than any dead letter.`);
  }
  try {
    const text = await failures.read(key, signal);
    const { data, reason, message, arrivedAt } = validate(failureObjectSchema, parseJson(text));
    const bytes = Buffer.from(data, 'base64');
    return {
      reason,
      message,
      arrivedAt,
      ...faultOf(bytes, message),
      bytes: bytes.subarray(0, SHOWN_BYTES).toString('base64'),
      truncated: bytes.length > SHOWN_BYTES,
    };
  } catch (error) {
    if (error instanceof SpanstreamError) {
      return unreadable(`It is no dead letter: ${messageOf(error)}`);
    }
    // It may have expired since the list was made, or somebody put it there under a key of their own.
    const status = statusOf(error);
    if (status === 404) return unreadable('It is not there any more.');
    if (status === 403) return unreadable('It may not be read.');
    throw error;
  }
}

/** The record's id, and the field at fault where the bytes are refused today as they were then. */
function faultOf(bytes: Uint8Array, message: string): { id?: string; field?: string } {
  try {
    return { id: decodeTextRecord(bytes).id };
  } catch (error) {
    const isThat = error instanceof ValidationError && rejectionMessage(error) === message;
    const field = isThat && error.field !== '(record)' ? error.field : undefined;
    return { ...idOf(bytes), ...(field !== undefined && { field }) };
  }
}

function idOf(bytes: Uint8Array): { id?: string } {
  try {
    const given: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const id = recordIdSchema.safeParse(Reflect.get(Object(given), 'id'));
    return id.success ? { id: id.data } : {};
  } catch {
    return {};
  }
}
