import type { HttpDeps } from '#consumers/http/handle-request.ts';
import { resourceNames } from '#shared/names.ts';
import { createResultsReader } from '#shared/results-table/read-results.ts';
import { isResult } from '#shared/results-table/stored-item.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { createTestEngine, createTestTable, silentLog } from '#test/consumers/inference/doubles.ts';
import { resultsIn } from '#test/shared/results-table/doubles.ts';

/** Everything the HTTP consumer needs, in memory. */
export function createHttpDeps(
  overrides: Partial<HttpDeps> = {},
  hooks?: Parameters<typeof createTestEngine>[0],
) {
  const table = createTestTable();
  const { engine, jobs } = createTestEngine(hooks);
  const deps: HttpDeps = {
    engine,
    writer: createResultsWriter({ putBatch: table.putBatch }),
    reader: createResultsReader(resultsIn(() => table.items().filter(isResult))),
    readProfile: async () => undefined,
    getBatch: table.getBatch,
    options: { storeText: true, retentionDays: 0 },
    cloudWatch: {
      metrics: async () => [],
      points: async (series) => series.map(() => []),
      alarms: async () => [],
    },
    failures: {
      list: async () => ({ objects: [], isAll: true }),
      read: async (key) => Promise.reject(new Error(`there is no ${key}`)),
      redrivenAt: async () => undefined,
    },
    names: resourceNames('dev'),
    storeOnDemand: true,
    log: silentLog,
    now: Date.now,
    ...overrides,
  };
  return { deps, table, jobs };
}

/** An API Gateway proxy event as far as the function reads it. */
export function proxyEvent(
  method: string,
  path: string,
  body?: unknown,
  more: object = {},
): object {
  const [route, search] = path.split('?');
  return {
    httpMethod: method,
    path: route,
    resource: '/{proxy+}',
    headers: { 'Content-Type': 'application/json' },
    queryStringParameters: search ? Object.fromEntries(new URLSearchParams(search)) : null,
    pathParameters: null,
    isBase64Encoded: false,
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  };
}
