import { METRICS_NAMESPACE } from '#shared/metric-names.ts';
import type { ResourceNames } from '#shared/names.ts';
import type { AlarmDefinition, MetricSignal } from './definition.ts';

/** Names as alarms need them: on AWS the failures bucket's is known only once it is made. */
export type AlarmNames = { readonly [Name in keyof ResourceNames]: string };

/** An alarm before its name; by default it is raised at or over the threshold, and missing data is good news. */
export type AlarmDraft = Omit<AlarmDefinition, 'name' | 'comparison' | 'treatMissingData'> &
  Partial<Pick<AlarmDefinition, 'comparison' | 'treatMissingData'>>;

const FIVE_MINUTES = 300;

/** One bad period is enough. */
export const atOnce = { period: FIVE_MINUTES, evaluationPeriods: 1, datapointsToAlarm: 1 };
/** Two bad periods of three: what Lambda or the SDK retries by itself passes unseen. */
export const repeated = { period: FIVE_MINUTES, evaluationPeriods: 3, datapointsToAlarm: 2 };
/** A quarter of an hour without a good period. */
export const lasting = { period: FIVE_MINUTES, evaluationPeriods: 3, datapointsToAlarm: 3 };

const signal =
  (namespace: string) =>
  (metric: string, statistic: string, dimensions: Record<string, string>): MetricSignal => ({
    namespace,
    metric,
    statistic,
    dimensions,
  });

/** Metrics by whose they are. */
export const signals = {
  lambda: signal('AWS/Lambda'),
  kinesis: signal('AWS/Kinesis'),
  dynamodb: signal('AWS/DynamoDB'),
  s3: signal('AWS/S3'),
  api: signal('AWS/ApiGateway'),
  own: (metric: string, statistic: string): MetricSignal =>
    signal(METRICS_NAMESPACE)(metric, statistic, {}),
};
