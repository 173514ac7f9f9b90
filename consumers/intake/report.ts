import { createHash } from 'node:crypto';
import * as z from 'zod';
import { rejectionReasons } from '#shared/contracts/rejection.ts';
import { INBOX_PREFIX, REPORTS_PREFIX } from '#shared/names.ts';
import { recordFormats } from '#shared/record-files/format.ts';
import { positionSchema } from '#shared/record-files/types.ts';

/** Most invalid lines that a report names. */
export const MOST_NAMED = 100;
const LONGEST_KEY_BYTES = 1_024;

const count = z.int().min(0);

/** What is said of an object of the inbox, in an object beside it: how far it was read, then what came of it. */
export const reportSchema = z.object({
  version: z.literal(1),
  /** Key of the object. */
  object: z.string(),
  /** Of the content that was read: an object that is put again under its key is read again where its content is another. */
  etag: z.string(),
  /** When that was put, ISO 8601: what was given up is tried again where it is put again. */
  putAt: z.string(),
  /** `failed`: it could not be read to its end, and `reason` says why. */
  state: z.enum(['reading', 'done', 'failed']),
  reason: z.string().optional(),
  /** Size of the object. */
  bytes: count,
  format: z.enum(recordFormats).optional(),
  gzip: z.boolean().optional(),
  /** Records in the object: lines, rows, or the one text. */
  read: count,
  /** Records on the stream: a text that was cut is several. */
  put: count,
  /** Records that were parked. */
  invalid: count,
  /** The first hundred of them. */
  firstInvalid: z.array(
    z.object({ line: count, reason: z.enum(rejectionReasons), message: z.string() }),
  ),
  /** Texts that fit no record, and were cut. */
  cut: count,
  startedAt: z.string(),
  updatedAt: z.string(),
  finishedAt: z.string().optional(),
  /** Where reading goes on, while it does. */
  progress: z
    .object({
      position: positionSchema,
      /** The run that reads, and until when (epoch milliseconds) it is to be left alone. */
      run: z.string(),
      leaseUntil: z.number(),
      /** Runs that have ended since something was read. */
      attempts: count,
    })
    .optional(),
});

/** What is said of an object of the inbox. */
export type Report = z.output<typeof reportSchema>;

/** Where the report of an object lies: its own name under `reports/`, or a hash of it where that would be no key. */
export function reportKey(key: string): string {
  const name = `${REPORTS_PREFIX}${key.slice(INBOX_PREFIX.length)}.json`;
  if (Buffer.byteLength(name) <= LONGEST_KEY_BYTES) return name;
  return `${REPORTS_PREFIX}${createHash('sha256').update(key).digest('hex')}.json`;
}
