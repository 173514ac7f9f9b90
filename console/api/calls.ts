import type { REDRIVE_HEADER, REDRIVE_PATH, RedriveAnswer } from '#shared/contracts/console.ts';
import type { FailuresAnswer } from '#shared/contracts/failures.ts';
import type { AlarmsAnswer, MetricsAnswer } from '#shared/contracts/monitoring.ts';
import { ApiError, call } from './client.ts';
import type { AnswerOf, Result } from './contract.ts';

const redrivePath: typeof REDRIVE_PATH = '/console/redrive';
const redriveHeader: typeof REDRIVE_HEADER = 'x-spanstream-console';

/** The metrics of the last so many seconds. */
export const readMetrics = (seconds: number, signal: AbortSignal): Promise<MetricsAnswer> => {
  const now = Date.now();
  const query = {
    from: new Date(now - seconds * 1_000).toISOString(),
    to: new Date(now).toISOString(),
  };
  return call({ path: '/v1/metrics', query, expect: 'series', signal });
};

/** The alarms of the deployment. */
export const readAlarms = (signal: AbortSignal): Promise<AlarmsAnswer> =>
  call({ path: '/v1/alarms', expect: 'alarms', signal });

/** A page of a source's results, newest first. */
export const readResults = (
  query: { source: string; limit: string; cursor?: string | undefined },
  signal: AbortSignal,
): Promise<AnswerOf<'listRecords'>> =>
  call({ path: '/v1/records', query, expect: 'results', signal });

const MOST_PAGES = 10;

/** All that is stored of a record, newest first; nothing where there is nothing. */
export async function readRecord(id: string, signal: AbortSignal): Promise<readonly Result[]> {
  const path = `/v1/records/${encodeURIComponent(id)}`;
  const results: Result[] = [];
  let cursor: string | undefined;
  try {
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = { limit: '50', cursor };
      const answer = await call<AnswerOf<'getRecord'>>({ path, query, expect: 'results', signal });
      results.push(...answer.results);
      cursor = answer.cursor;
      if (cursor === undefined) break;
    }
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
  return results;
}

/** A page of what is parked, newest first. */
export const readFailures = (
  query: { reason?: string; id?: string; limit?: string; cursor?: string | undefined },
  signal: AbortSignal,
): Promise<FailuresAnswer> => call({ path: '/v1/failures', query, expect: 'failures', signal });

/** Sends parked records through the stream again, by a call of the local origin alone. */
export const redrive = (keys: readonly string[], retryUncertain = false): Promise<RedriveAnswer> =>
  call({
    path: redrivePath,
    body: { keys, retryUncertain },
    headers: { [redriveHeader]: '1' },
    expect: 'redriven',
  });

/** Asks the models about a text. */
export const analyze = (body: object, signal: AbortSignal): Promise<AnswerOf<'analyzeText'>> =>
  call({ path: '/v1/analyze', body, expect: 'entities', signal });

/** Which models are loaded, how good they are, and how far texts have drifted. */
export const readModels = (signal: AbortSignal): Promise<AnswerOf<'listModels'>> =>
  call({ path: '/v1/models', expect: 'models', signal });
