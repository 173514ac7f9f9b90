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
  /** `critical` ones wake somebody: records wait, are lost, or clients get errors. */
  readonly severity: 'critical' | 'warning';
  /** What is wrong, and where to look first. */
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
