import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readAlarm } from '#shared/alarms/definition.ts';
import {
  type AlarmDefinition,
  alarmDefinitions,
  isExpression,
  putMetricAlarmInput,
} from '#shared/alarms.ts';
import { metricNames } from '#shared/metric-names.ts';
import { resourceNames } from '#shared/names.ts';
import { parseSettings, type SettingsInput } from '#shared/settings.ts';

const alarmsOf = (settings: SettingsInput = {}) =>
  alarmDefinitions(parseSettings(settings), resourceNames('dev'));

const signalsOf = (settings?: SettingsInput) =>
  alarmsOf(settings).flatMap(({ signal }) =>
    isExpression(signal) ? Object.values(signal.metrics) : [signal],
  );

describe('alarmDefinitions', () => {
  it('names each alarm once, after the deployment', () => {
    const names = alarmsOf().map((alarm) => alarm.name);

    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^spanstream-dev-[a-z-]+$/.test(name))).toBe(true);
  });

  it('leaves out what the settings omit, and nothing that is no alarm', () => {
    const all = alarmsOf().map(({ id }) => id);

    const ids = alarmsOf({ alarms: { omit: ['silence', 'items-ignored'] } }).map(({ id }) => id);

    expect(ids).toEqual(all.filter((id) => id !== 'silence' && id !== 'items-ignored'));
    expect(() => alarmsOf({ alarms: { omit: ['silent'] } })).toThrow(
      /alarms\.omit: there is no alarm silent; there are .*silence/,
    );
  });

  it('has no name in common with another environment, whatever the two are called', () => {
    const ids = alarmsOf().map((alarm) => alarm.id);

    // `a-b` and `c` in one environment must not be `a` and `b-c` in another.
    const mixed = ids.filter((id) => ids.some((other) => id.endsWith(`-${other}`)));
    expect(mixed).toEqual([]);
  });

  it('leads from each alarm to its section of the runbook, and from each section to its alarm', async () => {
    const text = await readFile(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
    const sections = text.split(/^## /m).slice(1);
    const alarms = alarmsOf({
      metrics: { drift: { tasks: ['entities', 'labels'] } },
      alarms: { unservedTexts: 1, personalData: 1, drift: 0.25 },
    });
    // The alarms of tasks share a section.
    const sectionOf = (id: string) => id.replace(/^drift-.*/, 'drift');

    expect(new Set(sections.map((section) => section.split('\n')[0]))).toEqual(
      new Set(alarms.map(({ id }) => sectionOf(id))),
    );
    expect(sections).toHaveLength(alarms.length - 1);
    for (const section of sections) {
      const parts = [...section.matchAll(/^\*\*(.+?)\*\* \S/gm)].map(([, part]) => part);
      expect(parts, section).toEqual(['Means', 'Look at', 'Do']);
    }
    for (const { id, description } of alarms) {
      expect(description).toMatch(new RegExp(`Runbook: docs/runbook\\.md#${sectionOf(id)}$`));
      expect(description.length).toBeLessThan(1_024);
    }
    const [elsewhere] = alarmsOf({ alarms: { runbook: 'https://example.com/r.md' } });
    expect(elsewhere?.description).toMatch(/ https:\/\/example\.com\/r\.md#[a-z-]+$/);
  });

  it('watches the index of the results table beside the table, which DynamoDB counts apart', () => {
    const dimensions = signalsOf()
      .filter(({ metric }) => metric === 'WriteThrottleEvents')
      .map((signal) => signal.dimensions);

    expect(dimensions).toEqual([
      { TableName: 'spanstream-dev-results' },
      { TableName: 'spanstream-dev-results', GlobalSecondaryIndexName: 'bySource' },
      { TableName: 'spanstream-dev-counted' },
    ]);
  });

  it('watches only metrics of our own that are published', () => {
    const published = new Set<string>(Object.values(metricNames));

    const own = signalsOf().filter((signal) => signal.namespace === 'Spanstream/dev');

    expect(own.length).toBeGreaterThan(4);
    expect(own.filter((signal) => !published.has(signal.metric))).toEqual([]);
  });

  it('stays within what CloudWatch allows', () => {
    for (const alarm of alarmsOf({ alarms: { silenceMinutes: 1_440 } })) {
      expect(alarm.period % 60).toBe(0);
      expect(alarm.period * alarm.evaluationPeriods).toBeLessThanOrEqual(86_400);
      expect(alarm.datapointsToAlarm).toBeLessThanOrEqual(alarm.evaluationPeriods);
    }
  });

  it('takes thresholds from the settings', () => {
    const alarms = alarmsOf({
      inference: { timeoutSeconds: 100 },
      alarms: { iteratorAgeSeconds: 42, durationShare: 0.5, rejectedRecords: 7 },
    });

    const threshold = (id: string) => alarms.find((alarm) => alarm.id === id)?.threshold;
    expect(threshold('inference-iterator-age')).toBe(42_000);
    expect(threshold('metrics-iterator-age')).toBe(42_000);
    expect(threshold('inference-duration')).toBe(50_000);
    expect(threshold('rejected-records')).toBe(7);
  });

  it('watches the drift of each task whose metric is published, where a threshold is set', () => {
    const drift = (settings: SettingsInput) =>
      alarmsOf(settings).filter(({ id }) => id.startsWith('drift'));
    const tasks = ['entities', 'answers'] as const;

    expect(drift({})).toEqual([]);
    expect(
      drift({ metrics: { drift: { tasks: [...tasks] } }, alarms: { drift: 0.2 } }),
    ).toMatchObject(
      tasks.map((task) => ({
        id: `drift-${task}`,
        signal: { metric: 'Drift', dimensions: { Task: task }, statistic: 'Average' },
        threshold: 0.2,
        treatMissingData: 'notBreaching',
      })),
    );
  });

  it('are known again by name and description, and none of another deployment is', () => {
    const settings: SettingsInput = { alarms: { drift: 0.25 } };
    const others = alarmDefinitions(
      parseSettings({ ...settings, environmentName: 'dev-drift' }),
      resourceNames('dev-drift'),
    );
    const read = ({ name, description }: AlarmDefinition) =>
      readAlarm(name, description, 'spanstream-dev')?.id;

    expect(alarmsOf(settings).map(read)).toEqual(alarmsOf(settings).map(({ id }) => id));
    expect(others.map(read).filter((id) => id !== undefined)).toEqual([]);
  });

  it('takes missing data as an alarm where nothing is what is wrong, which can be switched off', () => {
    const breaching = alarmsOf().filter((alarm) => alarm.treatMissingData === 'breaching');

    expect(breaching.map((alarm) => alarm.id)).toEqual(['silence', 'canary-failed']);
    const off = alarmsOf({ alarms: { silenceMinutes: 0 }, canary: { everyMinutes: 0 } });
    expect(off.filter((alarm) => alarm.treatMissingData === 'breaching')).toEqual([]);
  });
});

describe('putMetricAlarmInput', () => {
  const inputOf = (id: string, actions?: string[]) => {
    const definition = alarmsOf().find((alarm) => alarm.id === id);
    if (!definition) throw new Error(`no alarm ${id}`);
    return putMetricAlarmInput(definition, actions);
  };

  it('writes a metric with its plain statistic', () => {
    expect(inputOf('rejected-records')).toMatchObject({
      AlarmName: 'spanstream-dev-rejected-records',
      Namespace: 'Spanstream/dev',
      MetricName: 'RecordsRejected',
      Dimensions: [],
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      ActionsEnabled: false,
    });
  });

  it('writes a percentile as an extended statistic', () => {
    const input = inputOf('api-latency');

    expect(input.ExtendedStatistic).toBe('p95');
    expect(input.Statistic).toBeUndefined();
  });

  it('writes metric math with one returned result', () => {
    const input = inputOf('unanswered-share');

    expect(input.MetricName).toBeUndefined();
    expect(input.Metrics?.filter((metric) => metric.ReturnData)).toHaveLength(1);
    expect(input.Metrics?.map((metric) => metric.Id).sort()).toEqual([
      'answered',
      'result',
      'unanswered',
    ]);
  });

  it('tells its actions of ALARM and of OK', () => {
    const input = inputOf('silence', ['arn:aws:sns:eu-west-1:123456789012:topic']);

    expect(input.ActionsEnabled).toBe(true);
    expect(input.AlarmActions).toEqual(input.OKActions);
  });
});
