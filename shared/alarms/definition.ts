import type { Dimension, PutMetricAlarmCommandInput, Statistic } from '@aws-sdk/client-cloudwatch';
import type { ResourceNames } from '../names.ts';
import { taskNames } from '../nlp/types.ts';

/** One CloudWatch metric with its statistic (`Sum`, `Average`, `Maximum`, `p95`, …). */
export interface MetricSignal {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
}

/** Metric math over metrics by the names that the expression uses. */
export interface ExpressionSignal {
  readonly expression: string;
  readonly label: string;
  readonly metrics: Readonly<Record<string, MetricSignal>>;
}

/** One alarm as plain data: the stacks and the local stack make the same alarm of it. */
export interface AlarmDefinition {
  /** Kebab-case, unique in a deployment; stays when thresholds change. */
  readonly id: string;
  /** `<deployment>-<id>`: the name on CloudWatch. */
  readonly name: string;
  /** `critical` ones wake somebody: records wait or are lost, clients get errors, or nobody counts any more. */
  readonly severity: 'critical' | 'warning';
  /** What is wrong, and the section of the runbook that says what to do. */
  readonly description: string;
  readonly signal: MetricSignal | ExpressionSignal;
  /** Seconds that one datapoint covers. */
  readonly period: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparison:
    | 'GreaterThanThreshold'
    | 'GreaterThanOrEqualToThreshold'
    | 'LessThanThreshold';
  readonly treatMissingData: 'breaching' | 'notBreaching' | 'missing' | 'ignore';
}

/** Whether a signal is metric math. */
export function isExpression(signal: AlarmDefinition['signal']): signal is ExpressionSignal {
  return 'expression' in signal;
}

/** Names as alarms need them: on AWS those of the failures bucket and of a mapping are known only once they are made. */
export type AlarmNames = { readonly [Name in keyof ResourceNames]: string };

/** An alarm before its name; by default it is raised at or over the threshold, and missing data is good news. */
export type AlarmDraft = Omit<AlarmDefinition, 'name' | 'comparison' | 'treatMissingData'> &
  Partial<Pick<AlarmDefinition, 'comparison' | 'treatMissingData'>>;

/** The period of most alarms, in seconds. */
export const FIVE_MINUTES = 300;
/** One bad period is enough. */
export const atOnce = {
  period: FIVE_MINUTES,
  evaluationPeriods: 1,
  datapointsToAlarm: 1,
  threshold: 1,
};
/** Two bad periods of three: what Lambda or the SDK retries by itself passes unseen. */
export const repeated = {
  period: FIVE_MINUTES,
  evaluationPeriods: 3,
  datapointsToAlarm: 2,
  threshold: 1,
};
/** A quarter of an hour without a good period. */
export const lasting = {
  period: FIVE_MINUTES,
  evaluationPeriods: 3,
  datapointsToAlarm: 3,
  threshold: 1,
};
/** Three bad quarters of an hour of four, over the threshold. */
export const ofShare = {
  period: 3 * FIVE_MINUTES,
  evaluationPeriods: 4,
  datapointsToAlarm: 3,
  comparison: 'GreaterThanThreshold',
} as const;

/** Metrics of one namespace. */
export const signal =
  (namespace: string) =>
  (
    metric: string,
    statistic: string,
    dimensions: MetricSignal['dimensions'] = {},
  ): MetricSignal => ({
    namespace,
    metric,
    statistic,
    dimensions,
  });
const plainStatistics = new Set<string>(['Sum', 'Average', 'Maximum', 'Minimum', 'SampleCount']);

function isPlain(statistic: string): statistic is Statistic {
  return plainStatistics.has(statistic);
}

function dimensionsOf(signal: MetricSignal): Dimension[] {
  return Object.entries(signal.dimensions).map(([Name, Value]) => ({ Name, Value }));
}

function signalInput(definition: AlarmDefinition): Partial<PutMetricAlarmCommandInput> {
  const { signal, period } = definition;
  if (!isExpression(signal)) {
    return {
      Namespace: signal.namespace,
      MetricName: signal.metric,
      Dimensions: dimensionsOf(signal),
      Period: period,
      ...(isPlain(signal.statistic)
        ? { Statistic: signal.statistic }
        : { ExtendedStatistic: signal.statistic }),
    };
  }
  const metrics = Object.entries(signal.metrics).map(([id, metric]) => ({
    Id: id,
    ReturnData: false,
    MetricStat: {
      Metric: {
        Namespace: metric.namespace,
        MetricName: metric.metric,
        Dimensions: dimensionsOf(metric),
      },
      Period: period,
      Stat: metric.statistic,
    },
  }));
  return {
    Metrics: [
      {
        Id: 'result',
        Expression: signal.expression,
        Label: signal.label,
        Period: period,
        ReturnData: true,
      },
      ...metrics,
    ],
  };
}

/** What PutMetricAlarm takes to make this alarm; `actions` are the ARNs told of ALARM and OK. */
export function putMetricAlarmInput(
  definition: AlarmDefinition,
  actions: readonly string[] = [],
): PutMetricAlarmCommandInput {
  return {
    AlarmName: definition.name,
    AlarmDescription: definition.description,
    ...signalInput(definition),
    EvaluationPeriods: definition.evaluationPeriods,
    DatapointsToAlarm: definition.datapointsToAlarm,
    Threshold: definition.threshold,
    ComparisonOperator: definition.comparison,
    TreatMissingData: definition.treatMissingData,
    ActionsEnabled: actions.length > 0,
    AlarmActions: [...actions],
    OKActions: [...actions],
  };
}

/** Name of an alarm of a deployment. */
export const alarmNameOf = (prefix: string, id: string): string => `${prefix}-${id}`;

/** What an alarm says of itself on CloudWatch: how bad it is, what is wrong, and where it says what to do. */
export const describeAlarm = ({ severity, description, id }: AlarmDraft, runbook: string): string =>
  `${severity}: ${description} Runbook: ${runbook}#${sectionOf(id)}`;

const OF_TASK = new RegExp(`-(?:${taskNames.join('|')})$`);

/** Where the runbook tells of an alarm: under its id, or, of one for each task, under what they have in common. */
const sectionOf = (id: string): string => id.replace(OF_TASK, '');

const DESCRIPTION = /^(critical|warning): (.*) Runbook: (\S+#([a-z0-9-]+))$/s;

/**
 * What an alarm of a deployment says, by its name and such a description; undefined for any other alarm, that of another
 * deployment too.
 */
export function readAlarm(name: string, text: string, prefix: string) {
  const id = name.slice(alarmNameOf(prefix, '').length);
  const [, severity, description = '', runbook = '', section] = DESCRIPTION.exec(text) ?? [];
  if (severity !== 'critical' && severity !== 'warning') return undefined;
  if (name !== alarmNameOf(prefix, id) || section !== sectionOf(id)) return undefined;
  return { id, severity, description, runbook } as const;
}
