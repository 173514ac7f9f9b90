import * as z from 'zod';
import { languageSchema } from '../contracts/text-record.ts';
import { usuallyCountedByName } from '../metric-names.ts';
import { taskNames } from '../nlp/types.ts';
import { consoleSettings } from './console.ts';
import { redactionSchema, type Standing, standingSchema } from './standing.ts';

/** An hour under the shortest retention: what is given up for its age is still there to be written down. */
const RECORD_AGE_SECONDS = 23 * 3_600;
/** CloudWatch Logs keeps logs for one of these numbers of days, and refuses any other. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922,
  3_288, 3_653,
];

const streamSettings = z.strictObject({
  mode: z.enum(['on-demand', 'provisioned']).default('on-demand'),
  /** Shards, where provisioned; the local stream has as many in either mode. */
  shards: z.int().min(1).max(500).default(2),
  retentionHours: z.int().min(24).max(8760).default(24),
});

const mappingFields = (defaults: {
  batchSize: number;
  batchingWindowSeconds: number;
  maximumRetryAttempts: number;
}) => ({
  batchSize: z.int().min(1).max(10_000).default(defaults.batchSize),
  batchingWindowSeconds: z.int().min(0).max(300).default(defaults.batchingWindowSeconds),
  startingPosition: z.enum(['TRIM_HORIZON', 'LATEST']).default('TRIM_HORIZON'),
  bisectOnError: z.boolean().default(true),
  /** -1 retries until the record is too old. */
  maximumRetryAttempts: z.int().min(-1).max(10_000).default(defaults.maximumRetryAttempts),
  /** Older records are given up, and written to the failures bucket; -1 gives none up for its age. */
  maximumRecordAgeSeconds: z
    .int()
    .refine((n) => n === -1 || (n >= 60 && n <= 604_800), 'must be -1 or 60 to 604800')
    .default(RECORD_AGE_SECONDS),
  parallelizationFactor: z.int().min(1).max(10).default(1),
});

const concurrency = {
  reservedConcurrency: z.int().min(1).max(100_000).optional(),
  provisionedConcurrency: z.int().min(1).max(100_000).optional(),
};

const inferenceSettings = z.strictObject({
  /** How the functions that run models reach Lambda: as a container image, or as a zip, which needs neither Docker nor ECR. */
  package: z.enum(['image', 'zip']).default('image'),
  memoryMb: z.int().min(512).max(10_240).default(3_538),
  timeoutSeconds: z.int().min(10).max(900).default(120),
  /** Memory for what was found in texts that were seen before, in each environment of the function; 0 remembers none. */
  seenTextsMegabytes: z.int().min(0).max(4_096).default(64),
  ...concurrency,
  mapping: z
    .strictObject(
      mappingFields({ batchSize: 200, batchingWindowSeconds: 1, maximumRetryAttempts: 10 }),
    )
    .prefault({}),
});

const countedNames = z.array(z.string().min(1).max(64)).max(50);

/** How far texts drift from the first ones of their pipeline version. */
export const driftSettings = z.strictObject({
  /** Tasks whose drift is published: each is a metric more. */
  tasks: z
    .array(z.enum(taskNames, `must be one of ${taskNames.join(', ')}`))
    .refine((tasks) => new Set(tasks).size === tasks.length, 'must name each task once')
    .default(['entities']),
  /** Texts that make up a reference, and the present that is held against it. */
  texts: z.int().min(100).max(1_000_000).default(1_000),
});

const metricsSettings = z.strictObject({
  memoryMb: z.int().min(128).max(10_240).default(256),
  timeoutSeconds: z.int().min(10).max(900).default(60),
  /** Environments kept for the function and no more: 1 sets publications in one row; 0 sets no bound. */
  reservedConcurrency: z.int().min(0).max(100_000).default(1),
  /** Entities and answers under this score make a result count as low confidence. */
  lowConfidenceThreshold: z.number().min(0).max(1).default(0.5),
  /** Entity types, labels, kinds of personal data and languages that are counted by name too, `*` for all: each is a metric more. */
  countedByName: z
    .strictObject({
      entityTypes: countedNames.default([...usuallyCountedByName.entityTypes]),
      labels: countedNames.default([...usuallyCountedByName.labels]),
      personalDataKinds: countedNames.default([...usuallyCountedByName.personalDataKinds]),
      languages: countedNames.default([...usuallyCountedByName.languages]),
    })
    .prefault({}),
  drift: driftSettings.prefault({}),
  /** How long CloudWatch may take until a publication can be read back, in seconds. */
  readBackSeconds: z.int().min(0).max(900).default(180),
  mapping: z
    .strictObject(
      mappingFields({ batchSize: 1_000, batchingWindowSeconds: 5, maximumRetryAttempts: -1 }),
    )
    .prefault({}),
});

const httpSettings = z.strictObject({
  memoryMb: z.int().min(512).max(10_240).default(3_538),
  timeoutSeconds: z.int().min(3).max(29).default(29),
  ...concurrency,
  authorization: z.enum(['api-key', 'iam']).default('api-key'),
  throttle: z
    .strictObject({
      rateLimit: z.number().min(1).max(1_000_000).default(50),
      burstLimit: z.int().min(1).max(1_000_000).default(100),
    })
    .prefault({}),
  /** Record on-demand calls as results of source `http`, unless a request says `"store": false`. */
  store: z.boolean().default(true),
});

const canarySettings = z.strictObject({
  /** How often a probe is put on the stream; 0 switches the canary off. */
  everyMinutes: z
    .int()
    .refine((n) => n === 0 || (n >= 2 && n <= 60), 'must be 0 or 2 to 60')
    .default(5),
  /** How long a probe's result and its metric may take until it has failed. */
  waitSeconds: z.int().min(10).max(840).default(240),
  memoryMb: z.int().min(128).max(10_240).default(128),
});

const intakeSettings = z.strictObject({
  /** Makes the intake bucket, whose inbox goes onto the stream. */
  enabled: z.boolean().default(true),
  memoryMb: z.int().min(512).max(10_240).default(1_024),
  /** One run; what is not read by then goes on in the next. */
  timeoutSeconds: z.int().min(60).max(900).default(900),
  /** Objects that are read at the same time. */
  maximumConcurrency: z.int().min(2).max(1_000).default(2),
  /** Most records a second that go onto the stream, for each object that is read. */
  recordsPerSecond: z.int().min(1).max(100_000).default(1_000),
  /** From half this iterator age of the inference function on objects are read more slowly, and not at all above it. */
  iteratorAgeSeconds: z.int().min(1).max(86_400).default(120),
  /** Days for which objects and reports are kept. */
  keptDays: z.int().min(1).max(3_650).default(90),
});

const resultsSettings = z.strictObject({
  /** Keep the text with the result; without it only its hash and the spans are kept. */
  storeText: z.boolean().default(true),
  /** Days until a result expires; 0 keeps it for ever. */
  retentionDays: z.int().min(0).max(3_650).default(0),
  /** Hides personal data before anything of a text is stored or logged; parked records keep their bytes. */
  redact: redactionSchema.optional(),
  /** Days for which parked records keep their bytes, and can be redriven. */
  parkedDays: z.int().min(1).max(3_650).default(90),
});

/** A share that is to be passed: what never is more than 1 would never be told. */
const sharePassed = z
  .number()
  .min(0)
  .lt(1, 'must be under 1: a share never passes 1, and nobody would be told');

const alarmSettings = z.strictObject({
  emails: z
    .array(z.email().max(254))
    .max(100)
    .refine((all) => new Set(all).size === all.length, 'must name each address once')
    .default([]),
  /** Where the descriptions of alarms say that the runbook is: a path, or the address where you publish it. */
  runbook: z
    .string()
    .regex(/^[!-~]+$/, 'must be a path or an address, without blanks')
    .max(300)
    .default('docs/runbook.md'),
  /** Alarms that are not made, by their ids, as in `docs/runbook.md`. */
  omit: z.array(z.string().min(1).max(100)).max(100).default([]),
  iteratorAgeSeconds: z.int().min(1).default(300),
  /** Share of a function's time-out that its longest run may take, 0 to 1. */
  durationShare: z.number().min(0.1).max(1).default(0.9),
  rejectedRecords: z.int().min(1).default(1),
  apiLatencyMs: z
    .int()
    .min(1)
    .max(29_000, 'must be at most 29000: no call takes longer')
    .default(5_000),
  /** Share of API calls that may end in a 5xx, 0 to 1. */
  apiErrorShare: z.number().gt(0, 'must be over 0: the alarm would never end').max(1).default(0.01),
  lowConfidenceShare: sharePassed.default(0.3),
  unansweredShare: sharePassed.default(0.8),
  /** Minutes in which the stream brings nothing until the silence alarm; 0 switches it off. */
  silenceMinutes: z.int().min(0).max(1_440).default(60),
  /** Seconds that an object of the inbox may wait for the intake function; SQS counts the first three times it is read. */
  intakeWaitSeconds: z.int().min(1).max(1_209_600).default(3_600),
  /** Texts in five minutes whose language no model serves until an alarm; 0 switches it off. */
  unservedTexts: z.int().min(0).default(0),
  /** Spans of personal data in five minutes until an alarm; 0 switches it off. */
  personalData: z.int().min(0).default(0),
  /** Drift from which on an alarm is raised, for each task of `metrics.drift.tasks`; 0 switches it off. */
  drift: z.number().min(0).max(100).default(0),
});

/** Every setting by itself, with its default. */
export const settingsFields = z.strictObject({
  /** Part of every name: with account and region the longest, a bucket's, has 63 characters. */
  environmentName: z
    .string()
    .regex(
      /^[a-z](?:[a-z0-9-]{0,12}[a-z0-9])?$/,
      'must be 1 to 14 of a-z 0-9 -, a letter first, no - at the end',
    )
    .default('dev'),
  architecture: z.enum(['x86_64', 'arm64']).default('x86_64'),
  removalPolicy: z.enum(['retain', 'destroy']).default('retain'),
  logRetentionDays: z
    .int()
    .refine((n) => LOG_RETENTION_DAYS.includes(n), `must be ${LOG_RETENTION_DAYS.join(', ')}`)
    .default(30),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  stream: streamSettings.prefault({}),
  inference: inferenceSettings.prefault({}),
  metrics: metricsSettings.prefault({}),
  http: httpSettings.prefault({}),
  canary: canarySettings.prefault({}),
  intake: intakeSettings.prefault({}),
  console: consoleSettings.prefault({}),
  results: resultsSettings.prefault({}),
  alarms: alarmSettings.prefault({}),
  /** Models of the manifest, by name, in order of preference; all of them, in the manifest's order, where left out. */
  models: z.array(z.string().min(1).max(500)).min(1).max(20).optional(),
  /** Language of texts whose own cannot be told. */
  defaultLanguage: languageSchema.default('en'),
  /** Questions, tasks and language, by source, of texts that bring none of their own. */
  standingQuestions: standingSchema.shape.questions,
  standingTasks: standingSchema.shape.tasks,
  standingLanguages: standingSchema.shape.languages,
});

/** Settings with every default filled in. */
export type Settings = z.output<typeof settingsFields>;
/** Time-out of the canary's function: beside waiting for its probe it starts, and publishes how that ended. */
export const canaryTimeoutSeconds = ({ canary }: Settings): number => canary.waitSeconds + 30;

/** How a stream is mapped to a function. */
export type MappingSettings = z.output<z.ZodObject<ReturnType<typeof mappingFields>>>;

/** What the settings ask of texts that do not say. */
export const standingOf = (settings: Settings): Standing => ({
  questions: settings.standingQuestions,
  tasks: settings.standingTasks,
  languages: settings.standingLanguages,
});
