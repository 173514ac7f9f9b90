import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  usdPerCanaryMonth,
  usdPerIdleMonth,
  usdPerMillionByService,
  usdPerMillionRecords,
  usdPerMonth,
  type Workload,
  workloadOf,
} from '#shared/cost.ts';
import { parseSettings, type SettingsInput } from '#shared/settings.ts';

const defaults = parseSettings({});
const typicalWorkload = (kilobytesPerSecond: number) =>
  workloadOf(defaults, { arrivalsPerSecond: 50, recordKilobytes: 1, kilobytesPerSecond });

const workload: Workload = {
  ...{ architecture: 'x86_64', streamMode: 'on-demand', shards: 4 },
  recordsPerSecond: 100,
  recordKilobytes: 1,
  resultKilobytes: 1.5,
  indexKilobytes: 1.5,
  inferenceMegabytes: 2_048,
  inferenceBatch: 200,
  metricsMegabytes: 256,
  metricsBatch: 1_000,
  metricsSecondsPerBatch: 0.5,
  arrivalsPerSecond: 100,
  logKilobytesPerBatch: 1,
};

describe('usdPerMillionRecords', () => {
  it('is what the price lists say, service by service', () => {
    const usd = usdPerMillionByService(workload);

    // 1e6 records / 100 a second x 2 GB, and 1,000 batches x 0.5 s x 0.25 GB.
    expect(usd.lambda).toBeCloseTo((20_000 + 125) * 0.0000166667 + (6_000 * 0.2) / 1e6, 6);
    expect(usd.kinesisData).toBeCloseTo((1e6 / 1024 ** 2) * 0.12, 6);
    expect(usd.kinesisHours).toBeCloseTo((1e6 / 100 / 3600) * 0.04, 6);
    expect(usd.dynamodb).toBeCloseTo(4 * 0.625 + 0.125, 6);
    expect(usd.counting).toBeCloseTo(0.035 * 0.625 + 0.05 * 0.125, 6);
    expect(usd.cloudWatch).toBeCloseTo((1_000 / 1_000) * 0.01, 6);
    expect(usd.logs).toBeCloseTo((6_000 / 1024 ** 2) * 0.5, 6);
  });

  it('gives the table of docs/cost.md', async () => {
    const names = [
      'Lambda',
      'Kinesis, data',
      'Kinesis, hours of the stream',
      'DynamoDB',
      'DynamoDB, counting each once',
      'CloudWatch',
      'Logs',
    ];
    const text = await readFile(new URL('../../docs/cost.md', import.meta.url), 'utf8');
    const rowOf = (name: string) =>
      text
        .split('\n')
        .find((line) => line.startsWith(`| ${name} `) && line.split('|').length === 6)
        ?.match(/[\d.]+(?=[ *])/g);

    const speeds = rowOf('USD per million records')?.map(Number) ?? [];
    const columns = speeds.map((speed) => usdPerMillionByService(typicalWorkload(speed)));
    const sums = speeds.map((speed) => usdPerMillionRecords(typicalWorkload(speed)));

    expect(speeds).toEqual([25, 50, 100]);
    for (const [at, name] of names.entries()) {
      const row = columns.map((usd) => Object.values(usd)[at]?.toFixed(2));
      expect(rowOf(name), name).toEqual(row);
    }
    expect(rowOf('**all**')).toEqual(sums.map((usd) => usd.toFixed(2)));
  });

  it('is the sum over the services', () => {
    const sum = Object.values(usdPerMillionByService(workload)).reduce((a, b) => a + b);

    expect(usdPerMillionRecords(workload)).toBeCloseTo(sum, 9);
  });

  it('rises with the size and falls with the speed', () => {
    const usd = usdPerMillionRecords(workload);

    expect(usdPerMillionRecords({ ...workload, recordKilobytes: 2 })).toBeGreaterThan(usd);
    expect(usdPerMillionRecords({ ...workload, recordsPerSecond: 200 })).toBeLessThan(usd);
  });

  it('is the same whatever the memory, which gives processor in proportion', () => {
    const texts = { arrivalsPerSecond: 50, recordKilobytes: 1 };
    const small = workloadOf(parseSettings({ inference: { memoryMb: 1_769 } }), texts);

    expect(usdPerMillionRecords(small)).toBeCloseTo(usdPerMillionRecords(typicalWorkload(25)), 9);
  });

  it('fills batches as the arrivals do, by shard', () => {
    const batches = (arrivalsPerSecond: number) => {
      const { inferenceBatch, metricsBatch, shards } = workloadOf(defaults, {
        ...{ arrivalsPerSecond, recordKilobytes: 1 },
      });
      return [shards, inferenceBatch, metricsBatch];
    };

    expect([1, 100, 10_000].map(batches)).toEqual([
      [4, 1, 5],
      [4, 25, 500],
      [10, 200, 1_000],
    ]);
  });
});

const sumOf = (usd: Record<string, number>): number => Object.values(usd).reduce((a, b) => a + b);

describe('usdPerIdleMonth', () => {
  it('is what docs/cost.md says of the default deployment', async () => {
    const usd = usdPerIdleMonth(parseSettings({}));

    const text = await readFile(new URL('../../docs/cost.md', import.meta.url), 'utf8');
    const rowOf = (name: string) =>
      text.match(new RegExp(`^\\| \\**${name}\\b[^|]*\\| +\\**([\\d.]+)`, 'm'))?.[1];
    const rows = {
      'Kinesis on demand': usd.kinesis,
      '\\d+ alarms': usd.alarms,
      "the inbox's queue": usd.queue,
      "the topic's key": usd.key,
      'the canary': usd.canary,
      'the image': usd.image,
      all: sumOf(usd),
    };
    for (const [name, value] of Object.entries(rows)) {
      expect(rowOf(name), name).toBe(value.toFixed(2));
    }
    for (const usd of Object.values(usdPerCanaryMonth(5))) {
      expect(text).toContain(`(${usd.toFixed(2)}`);
    }
    expect(text).toContain(`15 makes it ${sumOf(usdPerCanaryMonth(15)).toFixed(2)}`);
  });

  it('counts what the settings make, and nothing else', () => {
    const usd = usdPerIdleMonth(
      parseSettings({
        stream: { mode: 'provisioned', shards: 2 },
        inference: { package: 'zip' },
        intake: { enabled: false },
        canary: { everyMinutes: 0 },
      }),
    );

    expect(usd.kinesis).toBeCloseTo(21.9);
    expect([usd.queue, usd.canary, usd.image]).toEqual([0, 0, 0]);
    expect(usd.alarms).toBeLessThan(usdPerIdleMonth(defaults).alarms);
  });
});

describe('usdPerMonth', () => {
  it('gives the table of docs/cost.md', async () => {
    const text = await readFile(new URL('../../docs/cost.md', import.meta.url), 'utf8');
    const variants: Record<string, SettingsInput> = {
      'x86-64, image': {},
      'x86-64, zip': { inference: { package: 'zip' } },
      'arm64, image': { architecture: 'arm64' },
      'arm64, zip': { architecture: 'arm64', inference: { package: 'zip' } },
    };
    for (const [name, input] of Object.entries(variants)) {
      const row = text.split('\n').find((line) => line.startsWith(`| ${name} `));
      const months = [1, 100, 10_000].map((arrivalsPerSecond) => {
        const stream = { mode: 'provisioned', shards: 15 } as const;
        const settings = parseSettings({ ...input, ...(arrivalsPerSecond > 1_000 && { stream }) });
        return sumOf(usdPerMonth(settings, { arrivalsPerSecond, recordKilobytes: 1 }));
      });

      const numbers = row?.replaceAll(',', '').match(/\d+(?:\.\d+)?(?= \|)/g);
      expect(numbers, name).toEqual(months.map((usd) => usd.toFixed(0)));
    }
  });

  it('is what a million records cost, times the millions, beside what stands idle', () => {
    const texts = { arrivalsPerSecond: 50, recordKilobytes: 1 };
    const month = usdPerMonth(defaults, texts);
    const { kinesisHours, ...each } = usdPerMillionByService(workloadOf(defaults, texts));

    const millions = (50 * 730 * 3_600) / 1e6;
    expect(sumOf(month)).toBeCloseTo(
      sumOf(each) * millions + sumOf(usdPerIdleMonth(defaults)) + 9,
      6,
    );
    expect(month.kinesisHours).toBeCloseTo(kinesisHours * millions, 6);
  });
});
