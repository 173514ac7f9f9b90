import { type MappingSettings, type Settings, standingOf } from './fields.ts';

const HOUR_SECONDS = 3_600;
/** DynamoDB Streams keeps a change for so long, and no setting alters it. */
const TABLE_STREAM_SECONDS = 24 * HOUR_SECONDS;
/** Lambda takes 4 KB of environment variables in all; the others need about a quarter. */
const MOST_STANDING_BYTES = 3_000;

type Contradiction = readonly [isBroken: boolean, field: string, why: string];
type Concurrency = Pick<Settings['http'], 'reservedConcurrency' | 'provisionedConcurrency'>;

/** Settings that are right alone and cannot work together: the field, and why. */
export function contradictions(settings: Settings): [field: string, why: string][] {
  const { stream, inference, metrics, http, canary, alarms } = settings;
  const ofMapping = (part: string, mapping: MappingSettings, kept: number): Contradiction[] => {
    const { maximumRecordAgeSeconds: age, batchingWindowSeconds: window } = mapping;
    const patience = Math.min(alarms.iteratorAgeSeconds, age === -1 ? Infinity : age);
    return [
      [
        age >= kept,
        `${part}.mapping.maximumRecordAgeSeconds`,
        `must be under ${kept}: the stream keeps a record no longer, and it would be lost before it is given up`,
      ],
      [
        age === -1 && mapping.maximumRetryAttempts === -1,
        `${part}.mapping.maximumRecordAgeSeconds`,
        `must be 60 to ${kept - 1} where maximumRetryAttempts is -1: a batch that always fails would be lost with the stream's retention, and nobody told`,
      ],
      [
        window >= patience,
        `${part}.mapping.batchingWindowSeconds`,
        `must be under ${patience}: a record that waits for its batch is not to be too old, nor to raise an alarm (alarms.iteratorAgeSeconds)`,
      ],
    ];
  };
  const ofConcurrency = (
    part: string,
    { reservedConcurrency, provisionedConcurrency = 0 }: Concurrency,
  ): Contradiction => [
    provisionedConcurrency > (reservedConcurrency ?? Infinity),
    `${part}.provisionedConcurrency`,
    `must be at most reservedConcurrency (${reservedConcurrency})`,
  ];
  const { maximumRecordAgeSeconds } = metrics.mapping;
  const readBack = metrics.readBackSeconds + metrics.timeoutSeconds;
  const standing = JSON.stringify(standingOf(settings));
  const hasCanary = canary.everyMinutes > 0;
  const longestProbe = canary.everyMinutes * 60 - 60;
  const batching = inference.mapping.batchingWindowSeconds + metrics.mapping.batchingWindowSeconds;
  const page = settings.console;
  const rules: Contradiction[] = [
    [
      page.enabled && http.authorization === 'iam',
      'console.enabled',
      'must be false where http.authorization is iam: the page sends the key that its user gives, and cannot sign',
    ],
    [
      (page.domainName === undefined) !== (page.certificateArn === undefined),
      page.domainName === undefined ? 'console.domainName' : 'console.certificateArn',
      `must be set too: a name and its certificate go together`,
    ],
    ...ofMapping('inference', inference.mapping, stream.retentionHours * HOUR_SECONDS),
    ...ofMapping('metrics', metrics.mapping, TABLE_STREAM_SECONDS),
    [
      maximumRecordAgeSeconds !== -1 && maximumRecordAgeSeconds <= readBack,
      'metrics.mapping.maximumRecordAgeSeconds',
      `must be over ${readBack} (readBackSeconds and timeoutSeconds): what waits for a publication to be read back would be given up, and never counted`,
    ],
    ofConcurrency('inference', inference),
    ofConcurrency('http', http),
    [
      hasCanary && canary.waitSeconds > longestProbe,
      'canary.waitSeconds',
      `must be at most ${longestProbe}: a minute under canary.everyMinutes, or the metric of one probe could be taken for the next one's`,
    ],
    [
      hasCanary && canary.waitSeconds <= batching,
      'canary.waitSeconds',
      `must be over ${batching}: so long may a probe wait for its batches (batchingWindowSeconds)`,
    ],
    [
      // No stream may keep its records for less than a table's does.
      alarms.iteratorAgeSeconds >= TABLE_STREAM_SECONDS,
      'alarms.iteratorAgeSeconds',
      `must be under ${TABLE_STREAM_SECONDS}: no record on a stream is older`,
    ],
    [
      alarms.drift > 0 && metrics.drift.tasks.length === 0,
      'alarms.drift',
      'must be 0 where metrics.drift.tasks names none: nothing would be published to watch',
    ],
    [
      Buffer.byteLength(standing) > MOST_STANDING_BYTES,
      'standingQuestions',
      `must be, with standingTasks and standingLanguages, at most ${MOST_STANDING_BYTES} bytes as JSON: Lambda takes 4 KB of environment variables`,
    ],
  ];
  return rules.flatMap(([isBroken, field, why]) => (isBroken ? [[field, why]] : []));
}
