import { describe, expect, it } from 'vitest';
import type { RedriveDeps } from '#shared/dead-letters/redrive.ts';
import { choose, redrive, survey } from '#shared/dead-letters/redrive.ts';
import { createSimulation, rejected } from './simulation.ts';

const batch = {
  reason: 'abandoned' as const,
  blobs: ['two', 'three'].map((text) => ({ data: Buffer.from(text), partitionKey: 'shared' })),
};
const failures = () => ({ 'rejected/s/0/1.json': rejected('one'), 'aws/lambda/m/s/2': batch });

async function run(deps: RedriveDeps, options: Parameters<typeof redrive>[2] = {}) {
  return redrive(await survey(deps), deps, options);
}

describe('redrive', () => {
  it('sends the original bytes and partition keys once, in their order', async () => {
    const simulation = createSimulation(failures());

    const first = await run(simulation.run().deps);
    const second = await run(simulation.run().deps);

    expect(first).toEqual({ redriven: 2, skipped: 0, uncertain: [], failed: [] });
    expect(second).toEqual({ redriven: 0, skipped: 2, uncertain: [], failed: [] });
    expect(simulation.stream.map(({ data, partitionKey }) => [`${data}`, partitionKey])).toEqual([
      ['one', 'key of one'],
      ['two', 'shared'],
      ['three', 'shared'],
    ]);
  });

  it('loses nothing and sends nothing twice unasked, wherever a run dies', async () => {
    const whole = createSimulation(failures()).run();
    await run(whole.deps);
    const deaths = Array.from({ length: whole.steps() }, (_, index) => index + 1).flatMap((at) =>
      (['before', 'after'] as const).map((when) => ({ at, when })),
    );
    // Two claims, one call to the stream, two completions: each may be the last thing that was done.
    expect(deaths).toHaveLength(10);

    for (const death of deaths) {
      const simulation = createSimulation(failures());
      const timesSent = (key: string) => {
        const blobs = simulation.parked.get(key)?.blobs ?? [];
        const times = blobs.map(
          ({ data }) => simulation.stream.filter((blob) => blob.data === data).length,
        );
        expect(new Set(times).size).toBe(1);
        return times[0] ?? 0;
      };

      await run(simulation.run(death).deps);
      const second = await run(simulation.run().deps);
      const afterSecond = new Map(
        [...simulation.parked.keys()].map((key) => [key, timesSent(key)]),
      );
      const third = await run(simulation.run().deps, { retryUncertain: true });

      for (const [key, times] of afterSecond) {
        const named = second.uncertain.includes(key);
        expect(times, `${key} after ${JSON.stringify(death)}`).toBeLessThanOrEqual(1);
        if (!named) expect(times, `${key} after ${JSON.stringify(death)}`).toBe(1);
        expect(timesSent(key)).toBe(named ? times + 1 : 1);
      }
      expect(third.redriven).toBe(second.uncertain.length);
      expect(third.failed).toEqual([]);
      const last = await run(simulation.run().deps, { retryUncertain: true });
      expect(last).toEqual({ redriven: 0, skipped: 2, uncertain: [], failed: [] });
    }
  });

  it('lets one of two runs that saw the same failure send it', async () => {
    const simulation = createSimulation({ 'rejected/a': rejected('one') });
    const one = simulation.run().deps;
    const other = simulation.run().deps;
    const [seenByOne, seenByOther] = [await survey(one), await survey(other)];

    const reports = [await redrive(seenByOne, one), await redrive(seenByOther, other)];

    expect(reports.map(({ redriven }) => redriven)).toEqual([1, 0]);
    expect(reports[1]?.uncertain).toEqual(['rejected/a']);
    expect(simulation.stream).toHaveLength(1);
  });

  it('lets one of two runs that retry the same uncertain failure send it', async () => {
    const simulation = createSimulation({ 'rejected/a': rejected('one') });
    await run(simulation.run({ at: 1, when: 'after' }).deps);
    const seen = await survey(simulation.run().deps);

    for (let round = 0; round < 2; round++) {
      await redrive(seen, simulation.run().deps, { retryUncertain: true });
    }

    expect(simulation.stream).toHaveLength(1);
  });

  it('marks as sent only what the stream took whole', async () => {
    const simulation = createSimulation(failures());
    const { deps } = simulation.run();
    const send: RedriveDeps['send'] = async (blobs) => ({
      stranded: blobs
        .filter(({ data }) => `${data}` === 'three')
        .map((blob) => ({ blob, reason: 'InternalFailure: no' })),
    });

    const report = await redrive(await survey(deps), { ...deps, send });

    expect(report.redriven).toBe(1);
    expect(report.failed).toEqual([
      { key: 'aws/lambda/m/s/2', reason: 'the stream did not take it: InternalFailure: no' },
    ]);
    expect(simulation.markers.get('rejected/s/0/1.json')?.sentAt).toBe('now');
    expect(simulation.markers.get('aws/lambda/m/s/2')?.sentAt).toBeUndefined();
  });

  it('claims nothing further once the stream refuses every call', async () => {
    const many = Array.from({ length: 150 }, (_, index) => [`rejected/${index}`, rejected('x')]);
    const simulation = createSimulation(Object.fromEntries(many));
    const { deps } = simulation.run();
    const send: RedriveDeps['send'] = async (blobs) => ({
      stranded: blobs.map((blob) => ({ blob, reason: 'AccessDenied' })),
      stopped: 'AccessDenied',
    });

    const report = await redrive(await survey(deps), { ...deps, send });

    expect(report.failed).toHaveLength(150);
    expect(simulation.markers.size).toBe(100);
  });

  it('leaves everything unclaimed when it is interrupted beforehand', async () => {
    const simulation = createSimulation(failures());

    const report = await run(simulation.run().deps, { signal: AbortSignal.abort() });

    expect(report).toEqual({ redriven: 0, skipped: 0, uncertain: [], failed: [] });
    expect(simulation.markers.size).toBe(0);
  });

  it('neither claims nor sends what cannot be read', async () => {
    const simulation = createSimulation({ 'rejected/a': rejected('one') });
    const { deps } = simulation.run();
    const unreadable = {
      ...deps,
      read: async () => {
        throw new Error('data is required');
      },
    };

    const surveyed = await survey(unreadable);
    const report = await redrive(surveyed, unreadable);

    expect(surveyed[0]).toMatchObject({ reason: 'unreadable', fault: 'data is required' });
    expect(report.failed).toEqual([
      { key: 'rejected/a', reason: 'nothing of it was sent: data is required' },
    ]);
    expect(simulation.markers.size + simulation.stream.length).toBe(0);
  });
});

describe('choose', () => {
  it('chooses by reason and by age', async () => {
    const simulation = createSimulation({
      ...failures(),
      'rejected/b': rejected('b', 'too-large'),
    });
    const surveyed = await survey(simulation.run().deps);
    const keys = (wanted: Omit<Parameters<typeof choose>[1], 'now'>) =>
      choose(surveyed, { ...wanted, now: 100 }).map(({ key }) => key);

    expect(keys({})).toHaveLength(3);
    expect(keys({ reason: 'abandoned' })).toEqual(['aws/lambda/m/s/2']);
    expect(keys({ olderThanMs: 99 })).toEqual(['rejected/s/0/1.json', 'aws/lambda/m/s/2']);
    expect(keys({ olderThanMs: 99, reason: 'too-large' })).toEqual([]);
  });
});
