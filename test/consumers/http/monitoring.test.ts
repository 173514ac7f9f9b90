import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Metric, MetricsWindow, Series } from '#consumers/http/cloudwatch.ts';
import { handleRequest } from '#consumers/http/handle-request.ts';
import { windowOf } from '#consumers/http/metrics.ts';
import type { HttpDeps } from '#consumers/http/on-demand.ts';
import { alarmDefinitions, putMetricAlarmInput } from '#shared/alarms.ts';
import { httpOperations, problemSchema } from '#shared/contracts/http-api.ts';
import { resourceNames } from '#shared/names.ts';
import { parseSettings } from '#shared/settings.ts';
import { createHttpDeps, proxyEvent } from './doubles.ts';

const NOW = Date.parse('2026-01-31T12:00:30Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const answerSchema = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

async function get(path: string, overrides: Partial<HttpDeps> = {}, left = 29_000) {
  const { deps } = createHttpDeps({ now: () => NOW, ...overrides });
  const answered = await handleRequest(proxyEvent('GET', path), deps, () => left);
  const { statusCode, headers, body } = answerSchema.parse(answered);
  return { statusCode, headers, json: JSON.parse(body) as unknown };
}

/** A CloudWatch that lists these metrics and has a point for every minute of every series. */
function cloudWatchOf(listed: readonly Metric[], alarms: readonly MetricAlarm[] = []) {
  const asked: { series: readonly Series[]; window: MetricsWindow }[] = [];
  const cloudWatch: HttpDeps['cloudWatch'] = {
    metrics: async () => listed,
    async points(series, window) {
      asked.push({ series, window });
      const { start, end, period } = window;
      const times = Array.from({ length: (end - start) / period }, (_, at) => start + at * period);
      return series.map(() => times.map((time): [number, number] => [time, 1]));
    },
    alarms: async () => alarms,
  };
  return { cloudWatch, asked };
}

const own = (name: string, dimensions: Record<string, string> = {}): Metric => ({
  ...{ namespace: 'Spanstream/dev', name, dimensions },
});

describe('GET /v1/metrics', () => {
  it('answers what is told of the last hour, by name and as a whole, and nothing of the publisher', async () => {
    const listed = [
      own('PublicationNumber'),
      own('RecordsProcessed'),
      own('RecordsProcessed', { Source: 'news' }),
      own('RecordsRejected', { Reason: 'invalid-json' }),
      own('Unknown', { Source: 'news' }),
    ];
    const { cloudWatch, asked } = cloudWatchOf(listed);

    const { statusCode, json } = await get('/v1/metrics', { cloudWatch });

    const answer = httpOperations.getMetrics.answer.parse(json);
    expect([statusCode, answer.from, answer.to, answer.period]).toEqual([
      200,
      '2026-01-31T11:00:00.000Z',
      '2026-01-31T12:01:00.000Z',
      60,
    ]);
    const keys = answer.series.map(({ metric, dimensions, statistic }) =>
      [metric, ...Object.values(dimensions), statistic].join(' '),
    );
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toEqual(
      expect.arrayContaining([
        'RecordsProcessed Sum',
        'RecordsProcessed news Sum',
        'RecordsRejected invalid-json Sum',
        'EndToEndLatency p50',
        'EndToEndLatency p95',
        'EndToEndLatency p99',
        'LowConfidenceShare Average',
        'CanaryLatency Maximum',
        'IteratorAge spanstream-dev-inference Maximum',
        'IteratorAge spanstream-dev-metrics Maximum',
      ]),
    );
    expect(keys.join()).not.toMatch(/PublicationNumber|Unknown/);
    expect(asked[0]?.series.find(({ metric }) => metric.name === 'IteratorAge')?.metric).toEqual({
      namespace: 'AWS/Lambda',
      name: 'IteratorAge',
      dimensions: { FunctionName: 'spanstream-dev-inference' },
    });
  });

  it('leaves out what has no point', async () => {
    const { cloudWatch } = cloudWatchOf([]);
    const points = async (series: readonly Series[]) =>
      series.map(({ metric }) =>
        metric.name === 'TokensProcessed' ? [[NOW / 1_000, 5] as [number, number]] : [],
      );

    const { json } = await get('/v1/metrics', { cloudWatch: { ...cloudWatch, points } });

    expect(httpOperations.getMetrics.answer.parse(json).series).toEqual([
      {
        metric: 'TokensProcessed',
        dimensions: {},
        statistic: 'Sum',
        points: [[NOW / 1_000, 5]],
      },
    ]);
  });

  it('stays within one call of GetMetricData and an answer of the API, however many sources there are', async () => {
    const listed = Array.from({ length: 5_000 }, (_, at) =>
      own('RecordsProcessed', { Source: `source-${at}` }),
    );
    const { cloudWatch, asked } = cloudWatchOf(listed);
    const path = '/v1/metrics?from=2026-01-30T12:01:00Z&to=2026-01-31T12:00:59Z';

    const { statusCode, json } = await get(path, { cloudWatch });

    const [{ series = [], window } = {}] = asked;
    const points = window ? (window.end - window.start) / window.period : 0;
    expect(statusCode).toBe(200);
    expect(asked).toHaveLength(1);
    expect(series.length).toBeLessThanOrEqual(500);
    expect(series.length * points).toBeLessThanOrEqual(100_800);
    const answer = httpOperations.getMetrics.answer.parse(json);
    expect(answer.series).toHaveLength(300);
    expect(answer.omitted).toBeGreaterThan(4_700);
    // What is of the whole deployment is never left out for a source.
    expect(answer.series.some(({ metric }) => metric === 'ErrorsLogged')).toBe(true);
  });

  it('has a window of whole periods that holds what was asked for, of 300 points at most', () => {
    const seconds = fc.integer({ min: 900, max: 86_400 });
    const end = fc.integer({ min: 0, max: 4 * DAY });
    fc.assert(
      fc.property(seconds, end, (length, offset) => {
        const to = NOW - offset;
        const from = to - length * 1_000;
        const query = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };

        const window = windowOf(query, NOW);

        expect(window.start % window.period).toBe(0);
        expect(window.end % window.period).toBe(0);
        expect(window.start * 1_000).toBeLessThanOrEqual(from);
        expect(window.end * 1_000).toBeGreaterThanOrEqual(to);
        expect((window.end - window.start) / window.period).toBeLessThanOrEqual(300);
      }),
    );
  });

  it.each([
    ['from=2026-01-31T11:50:00Z', 'from', '15 minutes to 24 hours'],
    ['from=2026-01-30T12:00:00Z', 'from', 'now where it is left out'],
    ['from=2026-01-31T11:00:00Z&to=2026-01-31T11:00:00Z', 'from', '15 minutes'],
    ['from=2026-01-31T12:00:00Z&to=2026-01-31T11:00:00Z', 'from', '15 minutes'],
    ['from=yesterday', 'from', 'ISO 8601'],
    ['period=61', 'period', 'must be 60, 300, 900'],
    ['period=6e1', 'period', 'must be 60, 300, 900'],
    ['from=2026-01-30T12:01:00Z&period=60', 'period', 'at least 300'],
    ['hours=1', 'hours', 'not a known field'],
  ])('refuses %s and names the field', async (query, field, message) => {
    const { statusCode, json } = await get(`/v1/metrics?${query}`);

    expect(statusCode).toBe(400);
    const { errors = [] } = problemSchema.parse(json);
    expect(errors[0]?.field).toBe(field);
    expect(errors[0]?.message).toContain(message);
  });

  it.each(['/v1/metrics', '/v1/alarms'])(
    'says that CloudWatch is ill, and not how: %s',
    async (path) => {
      const ill = () => Promise.reject(new Error('secret'));
      const cloudWatch = { metrics: ill, points: ill, alarms: ill };

      const { statusCode, headers, json } = await get(path, { cloudWatch });

      expect([statusCode, headers['retry-after']]).toEqual([503, '1']);
      expect(JSON.stringify(json)).toContain('CloudWatch cannot be read');
      expect(JSON.stringify(json)).not.toContain('secret');
    },
  );

  it.each(['/v1/metrics', '/v1/alarms'])('gives up in time: %s', async (path) => {
    const never = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const cloudWatch = {
      metrics: (_: string, signal: AbortSignal) => never(signal),
      points: () => never(AbortSignal.abort()),
      alarms: (_: string, signal: AbortSignal) => never(signal),
    };

    const { statusCode } = await get(path, { cloudWatch }, 750);

    expect(statusCode).toBe(504);
  });
});

describe('GET /v1/alarms', () => {
  const since = new Date('2026-01-31T11:00:00Z');
  const alarmsOf = (environmentName: string): MetricAlarm[] => {
    const settings = parseSettings({ environmentName });
    return alarmDefinitions(settings, resourceNames(environmentName)).map((definition) => ({
      AlarmName: putMetricAlarmInput(definition).AlarmName,
      AlarmDescription: putMetricAlarmInput(definition).AlarmDescription,
      StateValue: definition.id === 'api-latency' ? 'ALARM' : 'OK',
      StateReason: 'because',
      StateTransitionedTimestamp: since,
    }));
  };

  it('answers every alarm as it is defined, those that are up first', async () => {
    const defined = alarmDefinitions(parseSettings({}), resourceNames('dev'));
    const { cloudWatch } = cloudWatchOf([], alarmsOf('dev'));

    const { json } = await get('/v1/alarms', { cloudWatch });

    const { alarms } = httpOperations.listAlarms.answer.parse(json);
    expect(alarms.map(({ id }) => id).sort()).toEqual(defined.map(({ id }) => id).sort());
    expect(alarms[0]).toEqual({
      id: 'api-latency',
      name: 'spanstream-dev-api-latency',
      severity: 'warning',
      state: 'ALARM',
      since: '2026-01-31T11:00:00.000Z',
      reason: 'because',
      description: 'One call of the API in twenty takes more than 5000 ms.',
      runbook: 'docs/runbook.md#api-latency',
    });
    // Of those that are calm, the critical ones come first.
    const severities = alarms.slice(1).map(({ severity }) => severity);
    expect(severities).toEqual([...severities].sort());
  });

  it("leaves out another deployment's, and those that somebody made by hand", async () => {
    const byHand = { AlarmName: 'spanstream-dev-mine', AlarmDescription: 'mine' };
    const { cloudWatch } = cloudWatchOf([], [...alarmsOf('dev-2'), byHand]);

    const { json } = await get('/v1/alarms', { cloudWatch });

    expect(json).toEqual({ alarms: [] });
  });
});
