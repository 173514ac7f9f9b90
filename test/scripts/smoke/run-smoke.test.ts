import { describe, expect, it } from 'vitest';
import { PROBE_TEXT } from '#shared/contracts/canary.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { runSmoke, type SmokeDeps } from '../../../scripts/smoke/run-smoke.ts';

const entity = { type: 'LOC', text: 'Munich', start: 42, end: 48, score: 0.9 };

/** A deployment that stores after two seconds and counts after four. */
function deployment(overrides: Partial<SmokeDeps> = {}): SmokeDeps {
  let clock = 0;
  let putAt = Number.POSITIVE_INFINITY;
  const result = { entities: [entity] } as unknown as ResultItem;
  return {
    put: async () => {
      putAt = clock;
    },
    results: async () => (clock - putAt >= 2_000 ? [result] : []),
    ask: async () => ({ results: [result] }),
    processed: async () => (clock - putAt >= 4_000 ? 6 : 5),
    now: () => clock,
    pause: async (milliseconds) => {
      clock += milliseconds;
    },
    say: () => undefined,
    ...overrides,
  };
}

const bounds = { storedSeconds: 10, metricSeconds: 10 };

describe('runSmoke', () => {
  it('follows one record to its metric', async () => {
    const report = await runSmoke('smoke-1', deployment(), bounds);

    expect(report).toEqual({ id: 'smoke-1', entities: 1, secondsToStored: 2, secondsToMetric: 4 });
  });

  it.each<[string, Partial<SmokeDeps>, string]>([
    ['nothing is stored', { results: async () => [] }, 'no result was stored within 10 s'],
    [
      'nothing is counted',
      { processed: async () => 5 },
      'the metric does not count the record within 10 s',
    ],
    [
      'the stream is out of reach',
      { put: () => Promise.reject(new Error('ECONNREFUSED')) },
      'the record cannot be put on the stream: ECONNREFUSED',
    ],
    [
      'the API is out of reach',
      { ask: () => Promise.reject(new Error('fetch failed', { cause: new Error('ECONNRESET') })) },
      'GET /v1/records/smoke-1 cannot be asked: fetch failed: ECONNRESET',
    ],
    ['the API finds other spans', { ask: async () => ({ results: [] }) }, 'GET /v1/records'],
    [
      'offsets are off',
      {
        results: async () => [{ entities: [{ ...entity, start: 41 }] }] as unknown as ResultItem[],
      },
      'not at its offsets',
    ],
  ])('fails where %s', async (_case, overrides, message) => {
    expect(PROBE_TEXT.slice(entity.start, entity.end)).toBe(entity.text);

    await expect(runSmoke('smoke-1', deployment(overrides), bounds)).rejects.toThrow(message);
  });
});
