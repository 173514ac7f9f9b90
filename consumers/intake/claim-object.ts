import { SpanstreamError } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';
import { type ObjectInfo, UnreadableObjectError } from '#shared/record-files/s3-objects.ts';
import { BEGINNING } from '#shared/record-files/types.ts';
import type { IntakeBucket } from './bucket.ts';
import type { Report } from './report.ts';

/** How long a run that says nothing is left alone. */
const LEASE_MS = 30_000;
/** Runs that read nothing until an object is given up: each dies, or has no time left for a record. */
const MOST_ATTEMPTS = 10;

/** An object that was given up; its report says so too. */
export class ObjectFailedError extends SpanstreamError {
  constructor(key: string, reason: string, options?: ErrorOptions) {
    super('object-failed', `${key} is given up: ${reason}`, options);
  }
}

/** Another run has taken an object over. */
export class LeaseLostError extends SpanstreamError {
  constructor(key: string) {
    super('lease-lost', `another run reads ${key}`);
  }
}

/** What claims need. */
export interface ClaimDeps {
  readonly bucket: IntakeBucket;
  readonly log: Logger;
  readonly now: () => number;
}

/** An object that one run holds, and its report. */
export interface Claim {
  readonly head: ObjectInfo;
  readonly report: () => Report;
  /**
   * Writes down how far the object was read, and holds it for half a minute more.
   *
   * @throws {LeaseLostError} where another run holds it by now
   */
  save(changes: Partial<Report>, progress?: Partial<Progress>): Promise<void>;
  /** Lets go of the object, for another run to go on; where that cannot be said, it goes on when the lease has run out. */
  release(progress?: Partial<Progress>): Promise<void>;
  /** Ends it: nothing is left to do. */
  finish(changes: Partial<Report>): Promise<void>;
  /**
   * Ends it where it cannot be read.
   *
   * @throws {ObjectFailedError} always
   */
  fail(reason: string, cause?: unknown): Promise<never>;
}

type Progress = NonNullable<Report['progress']>;

/**
 * Takes an object for a run, unless nothing is left to do or another run has it.
 *
 * @throws {ObjectFailedError} where it is not there, may not be read, or was tried too often
 */
export async function claimObject(
  key: string,
  run: string,
  deps: ClaimDeps,
): Promise<Claim | 'settled' | 'busy'> {
  const { bucket, now } = deps;
  const known = await bucket.readReport(key);
  const found = await bucket.head(key).catch((error: unknown) => {
    if (error instanceof UnreadableObjectError) return error;
    throw error;
  });
  const head = found instanceof Error ? undefined : found;
  const report = !head || isOf(head, known?.report) ? known?.report : undefined;
  if (report && report.state !== 'reading') return 'settled';
  const held = report?.progress;
  if (held && held.run !== run && held.leaseUntil > now()) return 'busy';

  const claim = createClaim(
    key,
    head ?? { etag: '', size: 0, lastModified: new Date(now()).toISOString() },
    { report: report ?? firstReport(key, head, now()), tag: known?.tag },
    run,
    deps,
  );
  if (!head) {
    const deleted = 'the object was deleted before it was read to its end';
    return claim.fail(found instanceof Error ? found.message : deleted);
  }
  const attempts = (held?.attempts ?? 0) + 1;
  try {
    await claim.save({}, { attempts });
  } catch (error) {
    if (error instanceof LeaseLostError) return 'busy';
    throw error;
  }
  if (attempts <= MOST_ATTEMPTS) return claim;
  return claim.fail(stuckReason(claim.report()));
}

/** Why an object is given up of which no run reads more, and what is to be done. */
function stuckReason({ progress, gzip }: Report): string {
  const { line, offset } = progress?.position ?? BEGINNING;
  const stuck = `${MOST_ATTEMPTS} runs in a row read nothing from line ${line} on, or died`;
  if (!gzip || offset === 0) return stuck;
  return `${stuck}: of gzip each inflates again the ${offset} bytes before it; put what is left in smaller files`;
}

/** Whether a report is of what an object holds now; of what was given up, whether it was not put again since. */
const isOf = ({ etag, lastModified }: ObjectInfo, report: Report | undefined): boolean =>
  report?.etag === etag && (report.state !== 'failed' || report.putAt === lastModified);

function firstReport(key: string, head: ObjectInfo | undefined, now: number): Report {
  const startedAt = new Date(now).toISOString();
  return {
    version: 1,
    object: key,
    etag: head?.etag ?? '',
    putAt: head?.lastModified ?? startedAt,
    state: 'reading',
    bytes: head?.size ?? 0,
    ...{ read: 0, put: 0, invalid: 0, firstInvalid: [], cut: 0 },
    ...{ startedAt, updatedAt: startedAt },
  };
}

function createClaim(
  key: string,
  head: ObjectInfo,
  first: { readonly report: Report; readonly tag: string | undefined },
  run: string,
  { bucket, log, now }: ClaimDeps,
): Claim {
  let { report, tag } = first;
  const nowText = () => new Date(now()).toISOString();
  async function write(changes: Partial<Report>): Promise<void> {
    const next = { ...report, ...changes, updatedAt: nowText() };
    tag = await bucket.writeReport(key, next, tag);
    if (tag === undefined) throw new LeaseLostError(key);
    report = next;
  }
  const progressWith = (changes: Partial<Progress>): Progress => ({
    position: BEGINNING,
    attempts: 0,
    ...report.progress,
    ...{ run, leaseUntil: now() + LEASE_MS, ...changes },
  });
  async function finish(changes: Partial<Report>): Promise<void> {
    await write({ ...changes, progress: undefined, finishedAt: nowText() });
    const { state, reason, read, put, invalid, cut } = report;
    const level = state === 'failed' ? 'error' : 'info';
    log[level]({ object: key, reason, read, put, invalid, cut }, `an object is ${state}`);
  }
  return {
    head,
    report: () => report,
    save: (changes, progress = {}) => write({ ...changes, progress: progressWith(progress) }),
    release: (progress) =>
      write({ progress: progressWith({ ...progress, leaseUntil: 0 }) }).catch(() => undefined),
    finish,
    async fail(reason, cause) {
      await finish({ state: 'failed', reason });
      throw new ObjectFailedError(key, reason, { cause });
    },
  };
}
