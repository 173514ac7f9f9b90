import { randomUUID } from 'node:crypto';
import type { Asked, ResultItem } from '#shared/contracts/result.ts';
import type { ReadProfile } from '#shared/drift/read-profile.ts';
import { ValidationError } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';
import { ON_DEMAND_SOURCE, type ResourceNames } from '#shared/names.ts';
import type {
  Analysis,
  AnalysisOutcome,
  AnalysisRequest,
  TaskName,
  TextEngine,
} from '#shared/nlp/types.ts';
import type { GetBatch } from '#shared/results-table/get-items.ts';
import type { ResultsReader } from '#shared/results-table/read-results.ts';
import { createStoredResult } from '#shared/results-table/redact.ts';
import {
  createResultItem,
  type ResultContent,
  type ResultOptions,
} from '#shared/results-table/result-item.ts';
import type { ResultsWriter } from '#shared/results-table/write-items.ts';
import type { CloudWatch } from './cloudwatch.ts';
import type { ParkedObjects } from './parked-objects.ts';
import { HttpError, orUnavailable } from './problems.ts';
import type { TextObjects } from './text-objects.ts';

/** Kept back from the time left, to record what was found and to answer. */
const RESERVE_MS = 700;

/** What the HTTP consumer works with. */
export interface HttpDeps {
  readonly engine: TextEngine;
  readonly writer: ResultsWriter;
  readonly reader: ResultsReader;
  readonly readProfile: ReadProfile;
  readonly options: ResultOptions;
  /** What texts may be read from by reference; nothing where left out. */
  readonly intake?: TextObjects | undefined;
  readonly cloudWatch: CloudWatch;
  readonly failures: ParkedObjects;
  /** The results table by keys, for rejections. */
  readonly getBatch: GetBatch;
  readonly names: Pick<
    ResourceNames,
    'prefix' | 'metricsNamespace' | 'inferenceFunction' | 'metricsFunction'
  >;
  /** Record calls as results, unless a request says otherwise. */
  readonly storeOnDemand: boolean;
  readonly log: Logger;
  readonly now: () => number;
}

/** What bounds the answer to one request. */
export interface Bounds {
  /** When the request arrived and when it must be answered, epoch milliseconds. */
  readonly arrivedAt: number;
  readonly deadline: number;
  /** Aborts when it is time to give up reading, so that there still is an answer. */
  readonly signal: AbortSignal;
  /** Bytes that a body takes in what the function returns; in the envelope of a proxy it is a string, and escaped. */
  readonly bytesOf: (body: object) => number;
  /** Most bytes that a body may take. */
  readonly maximumBytes: number;
}

/** Gives a request its bounds; `end` lets go of the timer. */
export function createBounds(
  deps: HttpDeps,
  remaining: () => number,
  size: Pick<Bounds, 'bytesOf' | 'maximumBytes'>,
): Bounds & { readonly end: () => void } {
  const arrivedAt = deps.now();
  const left = remaining();
  const controller = new AbortController();
  const giveUp = () => controller.abort(outOfTime());
  const timer = setTimeout(giveUp, Math.min(left - RESERVE_MS, 2 ** 31 - 1));
  if (left <= RESERVE_MS) giveUp();
  return {
    ...size,
    arrivedAt,
    deadline: arrivedAt + left,
    signal: controller.signal,
    end: () => clearTimeout(timer),
  };
}

const outOfTime = () =>
  new HttpError(
    504,
    'The request could not be served in its time: send fewer or shorter texts, or use the stream.',
  );

/**
 * Runs texts as one job; what of it is not read when the time is up is given up.
 *
 * @throws {HttpError} 504 where the time is not enough, 503 where the engine is ill
 */
export async function analyze(
  requests: readonly AnalysisRequest[],
  deps: HttpDeps,
  { signal }: Bounds,
): Promise<AnalysisOutcome[]> {
  signal.throwIfAborted();
  if (requests.length === 0) return [];
  const { engine, log } = deps;
  return orUnavailable('The models are not available', { log, signal }, () =>
    engine.analyze(requests, { signal }),
  );
}

/** The error of a text that the models could not read, which is told in the log. */
export function unreadable(field: string, why = 'the text could not be read', deps: HttpDeps) {
  deps.log.warn({ field, why }, 'a text could not be read');
  return new ValidationError(field, `${field}: ${why}`, { code: 'inference-failed' });
}

/** An on-demand text and what the models said of it. */
export interface AnalyzedText {
  /** Made where left out. */
  readonly id?: string | undefined;
  readonly text: string;
  readonly asked?: Partial<Asked>;
  readonly operation: TaskName | 'analyze';
  readonly analysis: Analysis;
  readonly createdAt?: string | undefined;
  readonly attributes?: Record<string, string> | undefined;
  /** Record it, where the deployment records calls at all. */
  readonly store?: boolean | undefined;
}

/** The result of an on-demand text, of source `http`: as it is answered, and as it is stored, which may hide personal data. */
export interface OnDemandResult {
  readonly item: ResultItem;
  /** Absent where it is not to be stored. */
  readonly stored?: ResultItem;
}

/** Makes the result of an on-demand text. */
export async function resultOf(
  analyzed: AnalyzedText,
  deps: HttpDeps,
  { arrivedAt }: Bounds,
): Promise<OnDemandResult> {
  const { id = madeId(), asked, operation, analysis, store = true, ...record } = analyzed;
  const content: ResultContent = {
    record: { ...record, id, source: ON_DEMAND_SOURCE },
    questions: [],
    ...asked,
    scope: `http/${operation}`,
    analysis,
    pipelineVersion: deps.engine.pipelineVersion,
    arrival: {
      arrivedAt: new Date(arrivedAt).toISOString(),
      shard: ON_DEMAND_SOURCE,
      sequenceNumber: String(arrivedAt),
    },
  };
  const item = createResultItem(content, deps.options);
  if (!store || !deps.storeOnDemand) return { item };
  return { item, stored: await createStoredResult(content, deps.options) };
}

/** What every call says of a text that it read. */
export const foundIn = ({ language = 'und', unserved, tokens, windows }: ResultItem) => ({
  language,
  ...(unserved && { unserved }),
  tokens,
  windows,
});

/** An id for a text that came without one. */
export const madeId = (): string => `http-${randomUUID()}`;

/** Whether a text was recorded, and if it should have been and was not, why. */
export interface Recorded {
  readonly stored: boolean;
  readonly notStoredBecause?: string;
}

/** What a call says of whether its text was recorded. */
export const recordingOf = (recorded = { stored: false }) => recorded;

const NOT_RECORDED = {
  late: 'the results table did not answer in time',
  refused: 'the results table refused the result',
};
const longest: Recorded = { stored: false, notStoredBecause: NOT_RECORDED.late };

/**
 * Records results and makes the answer of what became of each. A store that fails leaves the answer as right as it is, and is
 * told; an answer that is too large to give is found out before anything is recorded.
 *
 * @throws {HttpError} 413 where the answer would be too large
 */
export async function answerRecorded<Answer extends object>(
  results: readonly OnDemandResult[],
  deps: HttpDeps,
  bounds: Bounds,
  answerOf: (recorded: readonly Recorded[]) => Answer,
): Promise<Answer> {
  refuseTooLarge(answerOf(results.map(() => longest)), bounds);
  const items = results.flatMap(({ stored }) => stored ?? []);
  if (items.length === 0) return answerOf(results.map(() => ({ stored: false })));
  const outcomes = await deps.writer.write(items, bounds.deadline - RESERVE_MS / 3);
  return answerOf(
    items.map(({ id }, index): Recorded => {
      const outcome = outcomes[index];
      if (outcome?.status === 'stored') return { stored: true };
      deps.log.error({ id, why: outcome?.reason }, 'a call was not recorded');
      const why = outcome?.status === 'refused' ? 'refused' : 'late';
      return { stored: false, notStoredBecause: NOT_RECORDED[why] };
    }),
  );
}

/** @throws {HttpError} 413 for an answer over what a function may return */
export function refuseTooLarge(answer: object, { bytesOf, maximumBytes }: Bounds): void {
  const bytes = bytesOf(answer);
  if (bytes <= maximumBytes) return;
  throw new HttpError(
    413,
    `The answer would take ${bytes} bytes, of ${maximumBytes} at most: ask for less at a time.`,
  );
}
