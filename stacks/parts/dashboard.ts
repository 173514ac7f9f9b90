import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  type CfnAlarm,
  Dashboard,
  GraphWidget,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { dimensionNames, metricNames } from '#shared/metric-names.ts';
import { API_STAGE } from '#shared/names.ts';
import type { StackContext } from './stack-context.ts';

const period = Duration.minutes(1);

function metric(namespace: string, name: string, statistic: string, dimensions = {}): Metric {
  return new Metric({
    namespace,
    metricName: name,
    statistic,
    dimensionsMap: dimensions,
    period,
    label: `${name} ${statistic}`,
  });
}

const graph = (
  title: string,
  left: (Metric | MathExpression)[],
  right: (Metric | MathExpression)[] = [],
) => new GraphWidget({ title, left, right, width: 8, height: 6 });

function functionGraph(title: string, functionName: string): GraphWidget {
  const dimensions = { FunctionName: functionName };
  return graph(
    title,
    [
      metric('AWS/Lambda', 'Invocations', 'Sum', dimensions),
      metric('AWS/Lambda', 'Errors', 'Sum', dimensions),
      metric('AWS/Lambda', 'Throttles', 'Sum', dimensions),
    ],
    [metric('AWS/Lambda', 'Duration', 'p95', dimensions)],
  );
}

function intakeRow({ intakeFunction, intakeQueue: QueueName }: StackContext['names']) {
  const queue = (name: string) => metric('AWS/SQS', name, 'Maximum', { QueueName });
  return [
    functionGraph('Intake', intakeFunction),
    graph(
      'Objects that wait',
      [queue('ApproximateNumberOfMessagesVisible')],
      [queue('ApproximateAgeOfOldestMessage')],
    ),
  ];
}

/** One page from the state of all alarms down to each function. */
export function createDashboard(scope: Construct, context: StackContext, alarms: CfnAlarm[]): void {
  const { settings, names } = context;
  const namespace = names.metricsNamespace;
  const own = (name: string, statistic: string) => metric(namespace, name, statistic);
  const byDimension = (name: string, dimension: string, statistic = 'Sum') =>
    new MathExpression({
      expression: `SEARCH('{"${namespace}",${dimension}} MetricName="${name}"', '${statistic}')`,
      usingMetrics: {},
      label: '',
      period,
    });
  const canary = graph(
    'Canary',
    [own(metricNames.canaryLatency, 'Maximum')],
    [own(metricNames.canaryFailed, 'Maximum')],
  );
  const stream = { StreamName: names.stream };
  const api = { ApiName: names.api, Stage: API_STAGE };
  const iteratorAge = (FunctionName: string) =>
    metric('AWS/Lambda', 'IteratorAge', 'Maximum', { FunctionName });
  new Dashboard(scope, 'Dashboard', {
    dashboardName: names.dashboard,
    defaultInterval: Duration.hours(3),
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 4 })],
      [
        graph(
          'Records',
          [own(metricNames.recordsProcessed, 'Sum'), own(metricNames.recordsRejected, 'Sum')],
          [metric('AWS/Kinesis', 'IncomingRecords', 'Sum', stream)],
        ),
        graph(
          'Arrival to stored',
          ['p50', 'p95', 'p99'].map((statistic) => own(metricNames.endToEndLatency, statistic)),
        ),
        graph('Waiting', [
          iteratorAge(names.inferenceFunction),
          iteratorAge(names.metricsFunction),
        ]),
      ],
      [
        graph('Entities by type', [byDimension(metricNames.entitiesFound, dimensionNames.type)]),
        graph('Questions', [
          own(metricNames.questionsAnswered, 'Sum'),
          own(metricNames.questionsUnanswered, 'Sum'),
        ]),
        graph('Rejected by reason', [
          byDimension(metricNames.recordsRejected, dimensionNames.reason),
        ]),
      ],
      [
        graph('Labels', [byDimension(metricNames.labelsFound, dimensionNames.label)]),
        graph('Personal data by kind', [
          byDimension(metricNames.personalDataFound, dimensionNames.kind),
        ]),
        graph('Texts in languages without a model', [own(metricNames.languageUnserved, 'Sum')]),
      ],
      [
        graph(
          'Low-confidence share, drift',
          [own(metricNames.lowConfidenceShare, 'Average')],
          [byDimension(metricNames.drift, dimensionNames.task, 'Average')],
        ),
        graph(
          'Tokens and long texts',
          [own(metricNames.tokensProcessed, 'Sum')],
          [own(metricNames.textsWindowed, 'Sum')],
        ),
        graph(
          'API',
          [
            metric('AWS/ApiGateway', 'Count', 'Sum', api),
            metric('AWS/ApiGateway', '4XXError', 'Sum', api),
            metric('AWS/ApiGateway', '5XXError', 'Sum', api),
          ],
          [metric('AWS/ApiGateway', 'Latency', 'p95', api)],
        ),
      ],
      [
        functionGraph('Inference', names.inferenceFunction),
        functionGraph('Metrics', names.metricsFunction),
        functionGraph('HTTP', names.httpFunction),
      ],
      ...(settings.canary.everyMinutes > 0 ? [[canary]] : []),
      ...(settings.intake.enabled ? [intakeRow(names)] : []),
    ],
  });
}
