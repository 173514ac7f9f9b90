import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';
import type { Analysis, AnalysisOutcome, AnalysisRequest, TextEngine } from '#shared/nlp/types.ts';
import type { ResultsReader } from '#shared/results-table/read-results.ts';
import { createResultItem, type ResultOptions } from '#shared/results-table/result-item.ts';
import type { ResultItem } from '#shared/results-table/table-item.ts';
import type { ResultsWriter } from '#shared/results-table/write-items.ts';
import { HttpError } from './problems.ts';

/** Source of everything that came by request. */
const SOURCE = 'http';
/** Kept back from the time left, to record what was found and to answer. */
const RESERVE_MS = 700;

/** What the HTTP consumer works with. */
export interface HttpDeps {
  readonly engine: TextEngine;
  readonly writer: ResultsWriter;
  readonly reader: ResultsReader;
  readonly options: ResultOptions;
  /** Record calls as results, unless a request says otherwise. */
  readonly storeOnDemand: boolean;
  readonly log: Logger;
  readonly now: () => number;
}

/** A request's clock: when it arrived and until when it must be answered, epoch milliseconds. */
export interface Timing {
  readonly arrivedAt: number;
  readonly deadline: number;
}

/**
 * Runs texts as one job within the time of the request.
 *
 * @throws {HttpError} 504 where the time is not enough, 503 where the engine fails as a whole
 */
export async function runInTime(
  requests: readonly AnalysisRequest[],
  deps: HttpDeps,
  timing: Timing,
): Promise<AnalysisOutcome[]> {
  const left = timing.deadline - RESERVE_MS - deps.now();
  if (left <= 0) throw outOfTime();
  const timer = new AbortController();
  const job = deps.engine.analyze(requests);
  const late = delay(left, undefined, { signal: timer.signal }).catch(() => undefined);
  let outcomes: AnalysisOutcome[] | undefined;
  try {
    outcomes = await Promise.race([job, late]);
  } catch (error) {
    deps.log.error({ why: messageOf(error) }, 'inference failed as a whole');
    throw new HttpError(503, 'The models are not available; try again.', { 'retry-after': '1' });
  } finally {
    timer.abort();
    // A job that was given up may still fail: nobody waits for it any more.
    job.catch(() => undefined);
  }
  if (!outcomes) throw outOfTime();
  return outcomes;
}

const outOfTime = () =>
  new HttpError(
    504,
    'The texts could not be read within the time of a request: send fewer or shorter ones, or use the stream.',
  );

/** An on-demand text and what the models said of it. */
export interface Finding {
  readonly id: string;
  readonly text: string;
  readonly questions: readonly string[];
  readonly operation: 'entities' | 'answers' | 'analyze';
  readonly analysis: Analysis;
  readonly createdAt?: string | undefined;
  readonly attributes?: Record<string, string> | undefined;
}

/** The result item of a finding, of source `http`. */
export function itemOf(finding: Finding, deps: HttpDeps, timing: Timing): ResultItem {
  const { id, text, questions, operation, analysis, createdAt, attributes } = finding;
  return createResultItem(
    {
      record: {
        id,
        text,
        source: SOURCE,
        ...(createdAt !== undefined && { createdAt }),
        ...(attributes !== undefined && { attributes }),
      },
      questions,
      scope: `http/${operation}`,
      analysis,
      pipelineVersion: deps.engine.pipelineVersion,
      arrival: {
        arrivedAt: new Date(timing.arrivedAt).toISOString(),
        shard: SOURCE,
        sequenceNumber: String(timing.arrivedAt),
      },
    },
    deps.options,
  );
}

/** Whether a call was recorded, and if it should have been and was not, why. */
export interface Recorded {
  readonly stored: boolean;
  readonly notStoredBecause?: string;
}

/** Records findings as results; a store that fails leaves the answer as right as it is, and is told. */
export async function record(
  items: readonly ResultItem[],
  wanted: boolean | undefined,
  deps: HttpDeps,
  timing: Timing,
): Promise<Recorded[]> {
  if (!deps.storeOnDemand || wanted === false) return items.map(() => ({ stored: false }));
  const outcomes = await deps.writer.write(items, timing.deadline - RESERVE_MS / 3);
  return items.map((_, index): Recorded => {
    const outcome = outcomes[index];
    if (outcome?.status === 'stored') return { stored: true };
    deps.log.error({ id: items[index]?.id, why: outcome?.reason }, 'a call was not recorded');
    const late = outcome?.status !== 'refused';
    return {
      stored: false,
      notStoredBecause: late
        ? 'the results table did not answer in time'
        : 'the results table refused the result',
    };
  });
}

/** An id for a text that came without one. */
export function madeId(): string {
  return `http-${randomUUID()}`;
}
