import { metricNames } from '#shared/metric-names.ts';
import type { Settings } from '#shared/settings.ts';
import { type AlarmDraft, signals } from './draft.ts';

/** What the results themselves say: drift, unanswered questions, silence. */
export function contentAlarms(settings: Settings): AlarmDraft[] {
  const quarterHours = {
    period: 15 * 60,
    evaluationPeriods: 4,
    datapointsToAlarm: 3,
    comparison: 'GreaterThanThreshold',
  } as const;
  const { lowConfidenceShare, unansweredShare, silenceMinutes } = settings.alarms;
  const silencePeriod = silenceMinutes % 5 === 0 ? 300 : 60;
  const silence: AlarmDraft = {
    id: 'silence',
    severity: 'critical',
    description: `No record was processed for ${silenceMinutes} minutes: no producer writes, or nothing reads.`,
    signal: signals.own(metricNames.recordsProcessed, 'Sum'),
    // Short periods, all of them empty: one record ends the silence within minutes.
    period: silencePeriod,
    evaluationPeriods: (silenceMinutes * 60) / silencePeriod,
    datapointsToAlarm: (silenceMinutes * 60) / silencePeriod,
    threshold: 1,
    comparison: 'LessThanThreshold',
    treatMissingData: 'breaching',
  };
  return [
    {
      id: 'low-confidence-share',
      severity: 'warning',
      description: `More than ${lowConfidenceShare * 100} % of results are of low confidence: the texts have drifted from what the model knows.`,
      signal: signals.own(metricNames.lowConfidenceShare, 'Average'),
      ...quarterHours,
      threshold: lowConfidenceShare,
    },
    {
      id: 'unanswered-share',
      severity: 'warning',
      description: `More than ${unansweredShare * 100} % of questions find no answer: wrong questions for these texts, or other texts than before.`,
      signal: {
        expression: 'FILL(unanswered, 0) / (FILL(unanswered, 0) + FILL(answered, 0))',
        label: 'Unanswered share',
        metrics: {
          answered: signals.own(metricNames.questionsAnswered, 'Sum'),
          unanswered: signals.own(metricNames.questionsUnanswered, 'Sum'),
        },
      },
      ...quarterHours,
      threshold: unansweredShare,
    },
    ...(silenceMinutes > 0 ? [silence] : []),
  ];
}
