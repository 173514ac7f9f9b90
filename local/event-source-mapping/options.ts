import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { Invoke } from '#local/lambda/invocation.ts';
import { describeIssues } from '#shared/contracts/validate.ts';
import { ConfigurationError } from '#shared/errors.ts';
import { backoffDelay } from '#shared/retry.ts';
import type { CheckpointStore } from './checkpoints.ts';
import { type FailureDestination, mappingUuid } from './invocation-record.ts';
import type { StreamSource } from './source.ts';

const settingsSchema = z.strictObject({
  batchSize: z.int().min(1).max(10_000).default(100),
  batchingWindowSeconds: z.number().min(0).max(300).default(0),
  parallelizationFactor: z.int().min(1).max(10).default(1),
  /** Where a new mapping begins; `LATEST` is the moment at which it is made. */
  startingPosition: z.enum(['TRIM_HORIZON', 'LATEST']).default('TRIM_HORIZON'),
  bisectOnError: z.boolean().default(false),
  /** -1 retries until the record expires. */
  maximumRetryAttempts: z.int().min(-1).max(10_000).default(-1),
  /** -1 never gives up for age. */
  maximumRecordAgeSeconds: z.int().min(-1).max(604_800).default(-1),
});

/** How a stream is mapped to a function: Lambda's settings by their names here; what is left out is as on AWS. */
export type EventSourceMappingSettings = z.input<typeof settingsSchema>;

/** The same with every default filled in. */
export type CompleteSettings = z.output<typeof settingsSchema>;

/** Where a mapping says what it does; pino's loggers and `console` are such. */
export type MappingLog = Record<
  'info' | 'warn' | 'error',
  (fields: object, message: string) => void
>;

/** What a mapping works with. */
export interface MappingOptions {
  readonly source: StreamSource;
  readonly invoke: Invoke;
  /** Named in invocation records, and part of the mapping's UUID. */
  readonly functionArn: string;
  readonly settings?: EventSourceMappingSettings | undefined;
  readonly checkpoints: CheckpointStore;
  /** Where batches go that are given up; without it they are dropped, with a line in the log. */
  readonly onFailure?: FailureDestination | undefined;
  /** Nowhere unless given. */
  readonly log?: MappingLog;
  /** The time, epoch milliseconds. */
  readonly now?: () => number;
  /** Milliseconds between reads of a shard that had nothing new; 200 unless given. */
  readonly pollIntervalMs?: number;
  /** Milliseconds between looks for new shards; 1000 unless given. */
  readonly shardSyncMs?: number;
  /** Bounds of the delay between attempts, milliseconds; 200 and 10,000 unless given. */
  readonly backoff?: { readonly baseMs: number; readonly capMs: number };
}

const silent: MappingLog = { info() {}, warn() {}, error() {} };

/** What everything of a mapping works with. */
export type MappingContext = ReturnType<typeof createMappingContext>;

/**
 * Fills in what is left out of a mapping's options, and adds the ways to stop and to try again.
 *
 * @throws {ConfigurationError} naming the settings that are wrong
 */
export function createMappingContext(options: MappingOptions) {
  const { settings = {}, backoff = { baseMs: 200, capMs: 10_000 } } = options;
  const parsed = z.object({ settings: settingsSchema }).safeParse({ settings });
  if (!parsed.success) throw new ConfigurationError(describeIssues(parsed.error, 'settings'));
  const [stopping, abandoning] = [new AbortController(), new AbortController()];
  const stop: AbortSignal = stopping.signal;
  const abandon: AbortSignal = abandoning.signal;
  // A few for each shard, and there is no limit on shards.
  setMaxListeners(0, stop);
  // At least half of the bound, so that a function that fails at once is not asked at once.
  const random = () => (1 + Math.random()) / 2;
  /** Waits before the next attempt, after so many failures in a row. */
  const pause = (failures: number) =>
    sleep(backoffDelay(failures - 1, { ...backoff, random }), stop);
  return {
    log: silent,
    now: Date.now,
    pollIntervalMs: 200,
    shardSyncMs: 1_000,
    ...options,
    ...parsed.data,
    uuid: mappingUuid(options.functionArn, options.source.arn),
    stopping,
    abandoning,
    /** Fires when the mapping begins to close. */
    stop,
    /** Fires when it no longer waits for invocations under way. */
    abandon,
    pause,
    /** Tries until it succeeds, with pauses; false where the mapping stops before that. */
    async persist(
      attempt: () => Promise<void>,
      onError: (error: unknown, failures: number) => void,
    ): Promise<boolean> {
      for (let failures = 1; !stop.aborted; failures += 1) {
        try {
          await attempt();
          return true;
        } catch (error) {
          onError(error, failures);
          await pause(failures);
        }
      }
      return false;
    },
  };
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves after `ms`, or at once when `signal` fires. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal }).catch(() => undefined);
}

/** Wakes all who wait for something to change; nobody waits where all is to stop. */
export function createNotifier(stop: AbortSignal) {
  const next = () => {
    const controller = new AbortController();
    // There is no limit on who waits.
    setMaxListeners(0, controller.signal);
    return controller;
  };
  let wake = next();
  const notify = () => {
    wake.abort();
    wake = next();
  };
  stop.addEventListener('abort', notify, { once: true });
  return {
    notify,
    /** Resolves at the next notification, and after `ms` at the latest. */
    wait: (ms: number) => sleep(ms, stop.aborted ? stop : wake.signal),
  };
}
