import { describe, expect, it } from 'vitest';
import type { Pipeline } from '#consumers/canary/pipeline.ts';
import { type CanaryDeps, runCanary } from '#consumers/canary/run-canary.ts';
import { checkTextRecord, type TextRecordInput } from '#shared/contracts/text-record.ts';

const START = Date.UTC(2026, 0, 1);

/** A deployment that stores a probe after two seconds and counts it after ten, with a clock and a CloudWatch. */
function deployment(overrides: Partial<Pipeline> = {}) {
  const clock = { now: START };
  const put: TextRecordInput[] = [];
  const published: [failed: boolean, at: number][] = [];
  const latencies: { at: number; milliseconds: number }[] = [];
  const pipeline: Pipeline = {
    async put(record) {
      put.push(record);
      latencies.push({ at: clock.now + 10_000, milliseconds: 10_000 });
    },
    arrivalOf: async (id) =>
      put.some((record) => record.id === id) && clock.now >= START + 2_000 ? START : undefined,
    async leastLatency(since) {
      const seen = latencies.filter(({ at }) => at >= since && at <= clock.now);
      return seen.length > 0 ? Math.min(...seen.map((one) => one.milliseconds)) : undefined;
    },
    async publish(failed, startedAt) {
      published.push([failed, startedAt]);
    },
    ...overrides,
  };
  const deps: CanaryDeps = {
    pipeline,
    waitSeconds: 60,
    language: 'en',
    log: { info() {}, error() {} },
    now: () => clock.now,
    async wait(milliseconds) {
      clock.now += milliseconds;
    },
  };
  return { deps, clock, put, published, latencies };
}

describe('runCanary', () => {
  it('sends a probe that is a text record, and says when it was stored and counted', async () => {
    const { deps, put, published } = deployment();

    const report = await runCanary(deps);

    expect(put).toHaveLength(1);
    expect(checkTextRecord(put[0])).toEqual(put[0]);
    expect(report).toEqual({ id: put[0]?.id, failed: false, storedAfter: 2, countedAfter: 16 });
    expect(published).toEqual([[false, START]]);
  });

  it('looks ever more seldom for the metric, since each look is paid for', async () => {
    const looks: number[] = [];
    const { deps, clock } = deployment({
      async leastLatency() {
        looks.push((clock.now - START) / 1_000);
        return undefined;
      },
    });

    await runCanary(deps);

    expect(looks).toEqual([2, 4, 8, 16, 32, 52, 60]);
  });

  it('does not take the metric of an earlier probe for its own', async () => {
    const { deps, published, latencies } = deployment();
    // It was put four minutes before, and is counted a second after this one's result is there.
    latencies.push({ at: START + 3_000, milliseconds: 243_000 });

    const report = await runCanary(deps);

    expect(report).toMatchObject({ failed: false, countedAfter: 16 });
    const never = deployment({ leastLatency: async () => 243_000 });
    await expect(runCanary(never.deps)).resolves.toMatchObject({ failed: true });
    expect(published).toEqual([[false, START]]);
  });

  it.each<[string, Partial<Pipeline>, string]>([
    [
      'the stream refuses',
      { put: () => Promise.reject(new Error('no such stream')) },
      'it cannot be put on the stream: no such stream',
    ],
    [
      'no result comes',
      { arrivalOf: async () => undefined },
      'its result was not there after 60 s',
    ],
    [
      'the table cannot be read',
      { arrivalOf: () => Promise.reject(new Error('not authorized')) },
      'its result was not there after 60 s: not authorized',
    ],
    [
      'nothing is counted',
      { leastLatency: async () => undefined },
      'its metric was not there after 60 s',
    ],
    [
      'metrics cannot be read',
      { leastLatency: () => Promise.reject(new Error('throttled')) },
      'its metric was not there after 60 s: throttled',
    ],
  ])('publishes that it failed where %s', async (_case, overrides, why) => {
    const { deps, clock, published } = deployment(overrides);

    const report = await runCanary(deps);

    expect(report).toMatchObject({ failed: true, why });
    expect(published).toEqual([[true, START]]);
    expect(clock.now - START).toBeLessThanOrEqual(60_000);
  });

  it('goes on where a look fails and the next one does not', async () => {
    let looks = 0;
    const { deps } = deployment({
      arrivalOf: async () => {
        looks += 1;
        if (looks === 1) throw new Error('reset');
        return START;
      },
    });

    await expect(runCanary(deps)).resolves.toMatchObject({ failed: false });
  });

  it('fails as a whole where that cannot be published: nothing is what the alarm then sees', async () => {
    const { deps } = deployment({ publish: () => Promise.reject(new Error('no')) });

    await expect(runCanary(deps)).rejects.toThrow('no');
  });
});
