import type { S3Event, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { validate } from '#shared/contracts/validate.ts';
import { messageOf } from '#shared/errors.ts';
import { INBOX_PREFIX } from '#shared/names.ts';
import { type IntakeDeps, takeObject } from './take-object.ts';

/** Time that is kept back: for the records in hand, and to write down how far the object was read. */
const RESERVE_MS = 30_000;
const RESERVE_SHARE = 0.25;

/** Of a notification what is needed of it; the test that S3 sends when notifications are set up has no records. */
const notificationSchema = z.object({
  Records: z
    .array(
      z.object({
        s3: z.object({
          bucket: z.object({ name: z.string() }),
          object: z.object({ key: z.string() }),
        }),
      }),
    )
    .default([]),
}) satisfies z.ZodType<Pick<S3Event, 'Records'> | object>;

/**
 * Takes the objects of S3's notifications, as a queue delivers them: at least once, in any order.
 *
 * @param remaining milliseconds until the function's time-out
 * @returns the messages whose objects are not done: they are delivered again
 * @throws {ObjectFailedError} where an object was given up, so that it counts as an error of the function; once each
 */
export async function takeEvent(
  event: SQSEvent,
  deps: IntakeDeps,
  remaining: () => number,
): Promise<SQSBatchResponse> {
  const left = remaining();
  const reserve = Math.min(RESERVE_MS, left * RESERVE_SHARE);
  const end = deps.now() + left;
  const deadlines = { reading: end - reserve, settling: end - reserve / 3 };
  const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
  for (const { messageId, body } of event.Records) {
    let isSettled = true;
    for (const key of keysOf(body, deps)) {
      isSettled = (await takeObject(key, deps, deadlines)) && isSettled;
    }
    if (!isSettled) batchItemFailures.push({ itemIdentifier: messageId });
  }
  return { batchItemFailures };
}

/** Keys of the inbox that a message names; one that names none is no fault of an object, and is done. */
function keysOf(body: string, { bucket, log }: IntakeDeps): string[] {
  try {
    const { Records } = validate(notificationSchema, parseJson(body));
    return Records.flatMap(({ s3 }) => {
      // As in the query of an address: a blank is a plus.
      const key = decodeURIComponent(s3.object.key.replaceAll('+', ' '));
      const isOurs = s3.bucket.name === bucket.name && key.startsWith(INBOX_PREFIX);
      // What makes a folder in a console is an object whose name ends like this.
      return isOurs && !key.endsWith('/') ? [key] : [];
    });
  } catch (error) {
    log.warn({ why: messageOf(error) }, 'a message is no notification of S3: it is left alone');
    return [];
  }
}
