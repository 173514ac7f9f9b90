import { dimensionNames, metricNames } from '../metric-names.ts';
import type { Settings } from '../settings.ts';
import {
  type AlarmDraft,
  type AlarmNames,
  atOnce,
  FIVE_MINUTES,
  ofShare,
  repeated,
  signal,
} from './definition.ts';

/** What the deployment says of itself: its results, its silence, its logs, its counting. */
export function ownAlarms({ alarms, metrics, canary }: Settings, names: AlarmNames): AlarmDraft[] {
  const own = signal(names.metricsNamespace);
  const { lowConfidenceShare, unansweredShare, silenceMinutes, unservedTexts } = alarms;
  // Short periods, all of them empty: one record ends the silence within minutes.
  const silencePeriod = silenceMinutes % 5 === 0 ? FIVE_MINUTES : 60;
  const silentPeriods = (silenceMinutes * 60) / silencePeriod;
  const silence: AlarmDraft = {
    id: 'silence',
    severity: 'critical',
    description: `The stream brought nothing for ${silenceMinutes} minutes: no producer writes, or nothing reads.`,
    signal: own(metricNames.recordsStreamed, 'Sum'),
    period: silencePeriod,
    evaluationPeriods: silentPeriods,
    datapointsToAlarm: silentPeriods,
    threshold: 1,
    comparison: 'LessThanThreshold',
    treatMissingData: 'breaching',
  };
  const unserved: AlarmDraft = {
    id: 'language-unserved',
    severity: 'warning',
    description: 'Texts are in languages that no model serves: they are stored without spans.',
    signal: own(metricNames.languageUnserved, 'Sum'),
    ...atOnce,
    threshold: unservedTexts,
  };
  const personalData: AlarmDraft = {
    id: 'personal-data',
    severity: 'warning',
    description: 'Personal data was found in texts that were searched for it.',
    signal: own(metricNames.personalDataFound, 'Sum'),
    ...atOnce,
    threshold: alarms.personalData,
  };
  const drift = metrics.drift.tasks.map(
    (task): AlarmDraft => ({
      id: `drift-${task}`,
      severity: 'warning',
      description: `What ${task} finds is distributed otherwise than in the first texts of the pipeline version.`,
      signal: own(metricNames.drift, 'Average', { [dimensionNames.task]: task }),
      ...ofShare,
      threshold: alarms.drift,
    }),
  );
  const canaryFailed: AlarmDraft = {
    id: 'canary-failed',
    severity: 'critical',
    description: `Probes do not come through within ${canary.waitSeconds} s, or none is sent: the pipeline stands still.`,
    signal: own(metricNames.canaryFailed, 'Maximum'),
    ...repeated,
    period: canary.everyMinutes * 60,
    treatMissingData: 'breaching',
  };
  return [
    {
      id: 'rejected-records',
      severity: 'warning',
      description: 'Records were parked in the failures bucket.',
      signal: own(metricNames.recordsRejected, 'Sum'),
      ...atOnce,
      threshold: alarms.rejectedRecords,
    },
    {
      id: 'low-confidence-share',
      severity: 'warning',
      description: `More than ${percent(lowConfidenceShare)} of results are of low confidence.`,
      signal: own(metricNames.lowConfidenceShare, 'Average'),
      ...ofShare,
      threshold: lowConfidenceShare,
    },
    {
      id: 'unanswered-share',
      severity: 'warning',
      description: `More than ${percent(unansweredShare)} of questions find no answer.`,
      signal: {
        expression: 'FILL(unanswered, 0) / (FILL(unanswered, 0) + FILL(answered, 0))',
        label: 'Unanswered share',
        metrics: {
          answered: own(metricNames.questionsAnswered, 'Sum'),
          unanswered: own(metricNames.questionsUnanswered, 'Sum'),
        },
      },
      ...ofShare,
      threshold: unansweredShare,
    },
    {
      id: 'errors-logged',
      severity: 'critical',
      description:
        'A function that runs models logged an error: its engine is ill, or it cannot write.',
      signal: own(metricNames.errorsLogged, 'Sum'),
      ...repeated,
    },
    {
      id: 'items-ignored',
      severity: 'warning',
      description: 'The results table holds items that are not counted.',
      signal: own(metricNames.itemsIgnored, 'Sum'),
      ...atOnce,
    },
    {
      id: 'metric-data-refused',
      severity: 'warning',
      description:
        'CloudWatch refused metric data, which were dropped so that the others could go on.',
      signal: own(metricNames.dataRefused, 'Sum'),
      ...atOnce,
    },
    ...(unservedTexts > 0 ? [unserved] : []),
    ...(alarms.personalData > 0 ? [personalData] : []),
    ...(alarms.drift > 0 ? drift : []),
    ...(silenceMinutes > 0 ? [silence] : []),
    ...(canary.everyMinutes > 0 ? [canaryFailed] : []),
  ];
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(6))} %`;
