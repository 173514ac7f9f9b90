import { createPace } from '#consumers/inference/pace.ts';
import { processBatch } from '#consumers/inference/process-batch.ts';
import { EngineError, InferenceError } from '#shared/errors.ts';
import type { AnalysisRequest } from '#shared/nlp/types.ts';
import type { StoredItem } from '#shared/results-table/stored-item.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import {
  createTestBucket,
  createTestDeps,
  createTestEngine,
  createTestTable,
  kinesisEvent,
} from './doubles.ts';

/** What may go wrong at a call: nothing, a fault, or the end of the sandbox just before or just after it took effect. */
export type Fault = 'none' | 'fails' | 'refuses' | 'dies before' | 'dies after';

const answer = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

/**
 * A table, a bucket and a shard that outlive the sandboxes which work on them, on a clock that only work moves. `costOf` is how
 * many milliseconds a text takes; `faultAt` is asked at every call of a sandbox.
 */
export function createSimulation(given: {
  readonly blobs: readonly (string | Uint8Array)[];
  readonly timeoutMs: number;
  readonly costOf?: (request: AnalysisRequest) => number;
  readonly faultAt?: (call: 'engine' | 'read' | 'write' | 'object') => Fault;
}) {
  const { blobs, timeoutMs, costOf = () => 1, faultAt = () => 'none' } = given;
  const clock = { now: 1_760_000_000_000 };
  const table = createTestTable();
  const bucket = createTestBucket();
  const timers = new Map<AbortSignal, { at: number; controller: AbortController }>();
  const errors: object[] = [];

  const signalAfter = (milliseconds: number): AbortSignal => {
    const controller = new AbortController();
    timers.set(controller.signal, { at: clock.now + milliseconds, controller });
    return controller.signal;
  };
  /** Time passes, or the signal's time comes first. */
  const spend = (milliseconds: number, signal?: AbortSignal): void => {
    const timer = signal && timers.get(signal);
    const late = timer !== undefined && timer.at < clock.now + milliseconds;
    clock.now = late ? Math.max(clock.now, timer.at) : clock.now + milliseconds;
    for (const { at, controller } of timers.values()) {
      if (at <= clock.now && !controller.signal.aborted) {
        controller.abort(new DOMException('The operation timed out', 'TimeoutError'));
      }
    }
    signal?.throwIfAborted();
  };

  /** One delivery, in a sandbox that knows nothing yet; 'died' where the sandbox ended before it answered. */
  async function deliver(from: number): Promise<number | 'died' | 'threw'> {
    let alive = true;
    let die = () => {};
    const died = new Promise<'died'>((resolve) => {
      die = () => {
        alive = false;
        resolve('died');
      };
    });
    const call = async <T>(
      name: Parameters<typeof faultAt>[0],
      milliseconds: number,
      signal: AbortSignal | undefined,
      work: () => Promise<T>,
      refuse: () => T,
    ): Promise<T> => {
      if (!alive) return new Promise(() => {});
      const fault = faultAt(name);
      if (fault === 'dies before') {
        die();
        return new Promise(() => {});
      }
      spend(milliseconds, signal);
      if (fault === 'fails') {
        throw name === 'engine'
          ? new EngineError('a worker died')
          : Object.assign(new Error('reset'), { code: 'ECONNRESET' });
      }
      const done = fault === 'refuses' ? refuse() : await work();
      if (fault === 'dies after') {
        die();
        return new Promise(() => {});
      }
      return done;
    };
    const { engine } = createTestEngine();
    const { deps } = createTestDeps({
      now: () => clock.now,
      signalAfter,
      pace: createPace(),
      log: { debug() {}, info() {}, warn() {}, error: (about: object) => void errors.push(about) },
      engine: {
        ...engine,
        analyze: (requests, { signal } = {}) =>
          call(
            'engine',
            requests.reduce((sum, request) => sum + costOf(request), 0),
            signal,
            () => engine.analyze(requests),
            () => requests.map(() => ({ ok: false, error: new InferenceError('it failed') })),
          ),
      },
      writer: createResultsWriter({
        now: () => clock.now,
        random: () => 0,
        putBatch: (items: readonly StoredItem[], signal) =>
          call(
            'write',
            5,
            signal,
            () => table.putBatch(items, signal),
            () => {
              throw answer('ValidationException', 400);
            },
          ),
      }),
      getBatch: (keys, signal) =>
        call(
          'read',
          5,
          signal,
          () => table.getBatch(keys),
          () => {
            throw answer('AccessDeniedException', 400);
          },
        ),
      putFailure: (key, object, signal) =>
        call(
          'object',
          20,
          signal,
          () => bucket.putFailure(key, object),
          () => {
            throw answer('AccessDenied', 403);
          },
        ),
    });
    const end = clock.now + timeoutMs;
    const processed = processBatch(
      kinesisEvent(blobs.slice(from), 1001 + from),
      deps,
      () => end - clock.now,
    ).then(({ batchItemFailures }): number | 'threw' => {
      if (clock.now >= end) throw new Error('it answered after the time-out');
      const number = batchItemFailures[0]?.itemIdentifier;
      return number === undefined ? blobs.length : Number(number) - 1001;
    });
    return Promise.race([
      died,
      processed.catch((error: unknown) => {
        if (error instanceof EngineError) return 'threw' as const;
        throw error;
      }),
    ]);
  }

  return { clock, table, bucket, errors, deliver };
}
