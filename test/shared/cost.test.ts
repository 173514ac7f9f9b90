import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isExpression } from '#shared/alarms/definition.ts';
import { alarmDefinitions } from '#shared/alarms.ts';
import {
  usdPerCanaryMonth,
  usdPerIdleMonth,
  usdPerMillionByService,
  usdPerMillionRecords,
  type Workload,
} from '#shared/cost.ts';
import { resourceNames } from '#shared/names.ts';
import { parseSettings } from '#shared/settings.ts';
import { typicalWorkload } from '#test/bench/typical-workload.ts';

const workload: Workload = {
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
    expect(usd.cloudWatch).toBeCloseTo((1_000 / 1_000) * 0.01, 6);
    expect(usd.logs).toBeCloseTo((6_000 / 1024 ** 2) * 0.5, 6);
  });

  it('gives the table of docs/cost.md', async () => {
    const names = [
      'Lambda',
      'Kinesis, data',
      'Kinesis, hours of the stream',
      'DynamoDB',
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

    expect(speeds).toEqual([12, 25, 50]);
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
});

const sumOf = (usd: Record<string, number>): number => Object.values(usd).reduce((a, b) => a + b);

describe('usdPerIdleMonth', () => {
  it('is what docs/cost.md says of the default deployment', async () => {
    const alarms = alarmDefinitions(parseSettings({}), resourceNames('dev'));
    const alarmMetrics = alarms.reduce(
      (sum, { signal }) => sum + (isExpression(signal) ? Object.keys(signal.metrics).length : 1),
      0,
    );

    const usd = usdPerIdleMonth({ provisionedShards: 0, metrics: 0, alarmMetrics });

    expect(usd.kinesis).toBeCloseTo(29.2);
    expect(usd.alarms).toBeCloseTo(alarmMetrics * 0.1);
    expect(sumOf(usd)).toBeLessThan(35);
    const text = await readFile(new URL('../../docs/cost.md', import.meta.url), 'utf8');
    expect(text).toContain(`${alarms.length} alarms over ${alarmMetrics} metrics x $0.10`);
    const canary = sumOf(usdPerCanaryMonth(5));
    const rowOf = (name: string) =>
      text.match(new RegExp(`^\\| \\**${name}\\b[^|]*\\| +\\**([\\d.]+)`, 'm'))?.[1];
    expect(rowOf('the canary')).toBe(canary.toFixed(2));
    const queue = Number(rowOf("the inbox's queue"));
    expect(rowOf('all')).toBe((sumOf(usd) + canary + queue).toFixed(2));
    for (const usd of Object.values(usdPerCanaryMonth(5))) {
      expect(text).toContain(`(${usd.toFixed(2)}`);
    }
    expect(text).toContain(`15 makes it ${sumOf(usdPerCanaryMonth(15)).toFixed(2)}`);
  });

  it('counts shards where they are provisioned', () => {
    const usd = usdPerIdleMonth({ provisionedShards: 2, metrics: 10, alarmMetrics: 0 });

    expect(usd.kinesis).toBeCloseTo(21.9);
    expect(usd.metrics).toBeCloseTo(3);
  });
});
