import { createHash } from 'node:crypto';
import type { SQSEvent } from 'aws-lambda';
import type { IntakeBucket } from '#consumers/intake/bucket.ts';
import { type Report, reportKey } from '#consumers/intake/report.ts';
import { takeEvent } from '#consumers/intake/take-event.ts';
import type { IntakeDeps } from '#consumers/intake/take-object.ts';
import type { Blob } from '#producers/index.ts';
import type { FailureObject } from '#shared/dead-letters/object.ts';
import { ObjectChangedError, UnreadableObjectError } from '#shared/record-files/s3-objects.ts';
import type { TableItem } from '#shared/results-table/stored-item.ts';

export const BUCKET = 'intake';
const RUN_MS = 900_000;

interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly lastModified: string;
  readonly contentType?: string;
  readonly source?: string;
}

/** What befalls one run: it dies before or after its step of that number, or its time is short. */
export interface RunOptions {
  readonly dieAt?: number;
  readonly dieWhen?: 'before' | 'after';
  readonly timeMs?: number;
  readonly rangeBytes?: number;
  /** Called at every step, with its name. */
  readonly onStep?: (name: string) => void;
  readonly iteratorAge?: () => number;
  readonly refuses?: (data: string) => boolean;
}

/** The message of a queue that tells of objects, as S3 spells their keys. */
export function eventOf(...keys: string[]): SQSEvent {
  const Records = keys.map((key) => ({
    eventSource: 'aws:s3',
    eventName: 'ObjectCreated:Put',
    s3: {
      bucket: { name: BUCKET },
      object: { key: encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+') },
    },
  }));
  const record = { messageId: 'm-1', body: JSON.stringify({ Records }) };
  return { Records: [record] } as unknown as SQSEvent;
}

/** A bucket, a stream, a failures bucket and a table in memory, which outlive the runs that work on them. */
export function createSimulation() {
  const objects = new Map<string, StoredObject>();
  const reports = new Map<string, { text: string; tag: string }>();
  const stream: Blob[] = [];
  const failures = new Map<string, FailureObject>();
  const rejections = new Map<string, TableItem>();
  let clock = Date.parse('2026-01-01T00:00:00Z');
  let runs = 0;

  function put(key: string, content: string | Uint8Array, more: Partial<StoredObject> = {}): void {
    const bytes = Buffer.from(content as string);
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    clock += 1_000;
    objects.set(key, { bytes, etag, lastModified: new Date(clock).toISOString(), ...more });
  }
  const reportOf = (key: string): Report | undefined => {
    const stored = reports.get(key);
    return stored && JSON.parse(stored.text);
  };

  /** Delivers an event to a run of the function. */
  async function run(event: SQSEvent, options: RunOptions = {}) {
    const { dieAt, dieWhen, timeMs = RUN_MS, rangeBytes = 1_000 } = options;
    let steps = 0;
    let dead = false;
    const died = () => new Error('the process died');
    const step = async <T>(name: string, effect: () => T): Promise<T> => {
      if (dead) throw died();
      options.onStep?.(name);
      clock += 10;
      steps += 1;
      dead = steps === dieAt;
      if (dead && dieWhen === 'before') throw died();
      const value = effect();
      if (dead) throw died();
      return value;
    };
    const current = (key: string, etag: string): StoredObject => {
      const object = objects.get(key);
      if (!object) throw new UnreadableObjectError('it was deleted');
      if (object.etag !== etag) throw new ObjectChangedError();
      return object;
    };
    const bucket: IntakeBucket = {
      name: BUCKET,
      head: (key) =>
        step('head', () => {
          const object = objects.get(key);
          if (!object) return undefined;
          const { bytes, ...head } = object;
          return { ...head, size: bytes.length };
        }),
      async *read(key, { etag, size }, offset) {
        for (let from = offset; from < size; from += rangeBytes) {
          yield await step('read', () =>
            current(key, etag).bytes.subarray(from, from + rangeBytes),
          );
        }
      },
      readReport: (key) =>
        step('readReport', () => {
          const report = reportOf(key);
          const tag = reports.get(key)?.tag ?? '';
          return report && { report, tag };
        }),
      writeReport: (key, report, tag) =>
        step('writeReport', () => {
          if (reports.get(key)?.tag !== tag) return undefined;
          const written = `"${Math.random()}"`;
          reports.set(key, { text: JSON.stringify(report), tag: written });
          return written;
        }),
    };
    const deps: IntakeDeps = {
      bucket,
      producer: {
        async putBlobs(blobs) {
          const all = [...(blobs as Iterable<Blob>)];
          const taken = all.filter(({ data }) => !options.refuses?.(Buffer.from(data).toString()));
          await step('put', () => stream.push(...(taken as Blob[])));
          const stranded = all
            .filter((blob) => !taken.includes(blob))
            .map((blob) => ({ blob, reason: 'busy' }));
          const counts = { read: all.length, put: taken.length, retried: 0, bytes: 0 };
          return { ...counts, stranded } as never;
        },
      },
      putFailure: (key, object) =>
        step('putFailure', () => {
          if (!failures.has(key)) failures.set(key, object);
        }),
      writer: {
        write: (items) =>
          step('writeRejections', () => {
            for (const item of items) rejections.set(String(item.pk), item);
            return items.map(() => ({ status: 'stored' as const }));
          }),
      },
      room: {
        async waitFor(_, isGoing) {
          while ((options.iteratorAge?.() ?? 0) > 0) {
            if (!(await isGoing())) return false;
            clock += 1_000;
          }
          return true;
        },
      },
      options: { storeText: true, retentionDays: 0 },
      ratePerSecond: 1_000,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      createRun: () => `run-${++runs}`,
      now: () => clock,
      wait: async (milliseconds) => {
        clock += milliseconds;
      },
    };
    const until = clock + timeMs;
    try {
      const answer = await takeEvent(event, deps, () => until - clock);
      return answer.batchItemFailures.length === 0 ? 'settled' : 'unsettled';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  return {
    ...{ put, run, reportOf, stream, failures, rejections, reports },
    remove: (key: string) => objects.delete(key),
    passTime: (milliseconds: number) => {
      clock += milliseconds;
    },
    records: () => stream.map(({ data }) => JSON.parse(Buffer.from(data).toString())),
    reportKey,
  };
}
