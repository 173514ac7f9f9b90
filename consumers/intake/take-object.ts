import { sourceSchema } from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { messageOf, SpanstreamError, ValidationError } from '#shared/errors.ts';
import { describedEndings, formatOf } from '#shared/record-files/format.ts';
import { readRecords } from '#shared/record-files/read-records.ts';
import {
  contentName,
  ObjectChangedError,
  UnreadableObjectError,
} from '#shared/record-files/s3-objects.ts';
import { BEGINNING, type ReadRecord } from '#shared/record-files/types.ts';
import { type Claim, type ClaimDeps, claimObject, LeaseLostError } from './claim-object.ts';
import { MOST_NAMED, type Report } from './report.ts';
import { type SettleDeps, type Settled, settleRecords } from './settle-records.ts';
import type { StreamRoom } from './stream-room.ts';

/** Records that are settled together; after them it is written down how far the object was read. */
const MOST_RECORDS = 2_000;
const MOST_BYTES = 4 * 1024 * 1024;
/** Seconds that they take at the full rate, at most. */
const MOST_SECONDS = 5;
/** How often a run that waits says that it lives. */
const HEARTBEAT_MS = 10_000;

/** What the intake function works with. */
export interface IntakeDeps extends ClaimDeps, SettleDeps {
  readonly room: StreamRoom;
  readonly ratePerSecond: number;
  /** Names a run; another one each time. */
  readonly createRun: () => string;
}

/** Epoch milliseconds at which a run reads no further, and until when it settles what it has read: else it would read in vain. */
export interface Deadlines {
  readonly reading: number;
  readonly settling: number;
}

class OutOfTimeError extends SpanstreamError {
  /** Whether a record was read: then it is not the object that takes so long. */
  readonly hasRead: boolean;

  constructor(hasRead: boolean) {
    super('out-of-time', 'the run has no time left');
    this.hasRead = hasRead;
  }
}

/**
 * Puts an object's records on the stream, from where an earlier run stopped. What was done is in its report, which is written under
 * a condition, so that of two runs one goes on; how often and in which order it is called changes nothing.
 *
 * @returns whether nothing is left to do; where something is, it is to be called again
 * @throws {ObjectFailedError} once, where the object cannot be read to its end; and what S3, the stream or the table refuses with
 */
export async function takeObject(
  key: string,
  deps: IntakeDeps,
  deadlines: Deadlines,
): Promise<boolean> {
  const run = deps.createRun();
  while (deps.now() < deadlines.reading) {
    const claim = await claimObject(key, run, deps);
    if (claim === 'settled') return true;
    if (claim === 'busy') return false;
    try {
      await readObject(claim, deps, deadlines);
      return true;
    } catch (error) {
      if (error instanceof LeaseLostError) return false;
      // What it holds now is read in its place.
      if (error instanceof ObjectChangedError) continue;
      if (error instanceof UnreadableObjectError || error instanceof ValidationError) {
        await claim.fail(messageOf(error), error);
      }
      const isOutOfTime = error instanceof OutOfTimeError;
      await claim.release(isOutOfTime && !error.hasRead ? {} : { attempts: 0 });
      if (!isOutOfTime) throw error;
      return false;
    }
  }
  return false;
}

/** @throws {OutOfTimeError} where the deadline comes before the object's end */
async function readObject(claim: Claim, deps: IntakeDeps, deadlines: Deadlines): Promise<void> {
  const { bucket, now } = deps;
  const { head } = claim;
  const key = claim.report().object;
  const format = formatOf({ name: key, ...head });
  if (!format) {
    throw new ValidationError('(name)', `the object's name must end in ${describedEndings}`);
  }
  const content = contentName(key, head.etag);
  const origin = {
    name: key,
    idPrefix: `s3-${content}`,
    source: head.source === undefined ? undefined : validate(sourceSchema, head.source),
    ...{ content, bucket: bucket.name, arrivedAt: head.lastModified },
    isJsonLines: format.format === 'jsonl',
  };
  let hasRead = false;
  const inTime = () => now() < deadlines.reading;
  async function* bytes(offset: number) {
    for await (const range of bucket.read(key, head, offset)) {
      if (!inTime()) throw new OutOfTimeError(hasRead);
      yield range;
    }
  }
  async function stayHeld(): Promise<boolean> {
    const since = now() - Date.parse(claim.report().updatedAt);
    if (since >= HEARTBEAT_MS) await claim.save({});
    return inTime();
  }

  const from = claim.report().progress?.position ?? BEGINNING;
  const records = readRecords(bytes, format, from);
  for await (const group of grouped(records, deps.ratePerSecond * MOST_SECONDS)) {
    hasRead = true;
    const hasRoom = await deps.room.waitFor(group.length, stayHeld);
    const settled = hasRoom && (await settleRecords(group, origin, deps, deadlines.settling));
    const position = group.at(-1)?.next;
    if (!settled || !position) throw new OutOfTimeError(hasRead);
    const counts = countsWith(claim.report(), settled);
    await claim.save({ ...format, ...counts }, { position, attempts: 0 });
  }
  await claim.finish({ ...format, state: 'done' });
}

/** A report's counts with what was settled since. */
function countsWith(report: Report, { read, put, cut, firstInvalid }: Settled) {
  return {
    read: report.read + read,
    put: report.put + put,
    cut: report.cut + cut,
    invalid: report.invalid + firstInvalid.length,
    firstInvalid: [...report.firstInvalid, ...firstInvalid].slice(0, MOST_NAMED),
  };
}

/** Records in groups; what was read before a fault comes before the fault. */
async function* grouped(
  records: AsyncIterable<ReadRecord>,
  most: number,
): AsyncGenerator<readonly ReadRecord[], void, undefined> {
  let group: ReadRecord[] = [];
  let bytes = 0;
  let fault: { readonly error: unknown } | undefined;
  try {
    for await (const record of records) {
      group.push(record);
      bytes += record.bytes.length;
      if (group.length >= Math.min(most, MOST_RECORDS) || bytes >= MOST_BYTES) {
        yield group;
        group = [];
        bytes = 0;
      }
    }
  } catch (error) {
    fault = { error };
  }
  if (group.length > 0) yield group;
  if (fault) throw fault.error;
}
