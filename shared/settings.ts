import { z } from 'zod';
import { questionsSchema, sourceSchema } from './contracts/text-record.ts';
import { fieldPath } from './contracts/validate.ts';
import { ConfigurationError } from './errors.ts';

const streamSettings = z.strictObject({
  mode: z.enum(['on-demand', 'provisioned']).default('on-demand'),
  /** Shards, where provisioned; the local stream has as many in either mode. */
  shards: z.int().min(1).max(500).default(2),
  retentionHours: z.int().min(24).max(8760).default(24),
});

const mappingSettings = (defaults: {
  batchSize: number;
  batchingWindowSeconds: number;
  parallelizationFactor: number;
  maximumRetryAttempts: number;
  maximumRecordAgeSeconds: number;
  tumblingWindowSeconds: number;
}) =>
  z.strictObject({
    batchSize: z.int().min(1).max(10_000).default(defaults.batchSize),
    batchingWindowSeconds: z.int().min(0).max(300).default(defaults.batchingWindowSeconds),
    parallelizationFactor: z.int().min(1).max(10).default(defaults.parallelizationFactor),
    startingPosition: z.enum(['TRIM_HORIZON', 'LATEST']).default('TRIM_HORIZON'),
    bisectOnError: z.boolean().default(true),
    /** -1 retries until the record expires. */
    maximumRetryAttempts: z.int().min(-1).max(10_000).default(defaults.maximumRetryAttempts),
    /** -1 never gives up for age. */
    maximumRecordAgeSeconds: z
      .int()
      .refine((n) => n === -1 || (n >= 60 && n <= 604_800), 'must be -1 or 60 to 604800')
      .default(defaults.maximumRecordAgeSeconds),
    /** Length of a tumbling window; 0 delivers plain batches without window, state and shard. */
    tumblingWindowSeconds: z.int().min(0).max(900).default(defaults.tumblingWindowSeconds),
  });

const inferenceSettings = z.strictObject({
  memoryMb: z.int().min(512).max(10_240).default(3_538),
  timeoutSeconds: z.int().min(10).max(900).default(120),
  reservedConcurrency: z.int().min(1).optional(),
  provisionedConcurrency: z.int().min(1).optional(),
  mapping: mappingSettings({
    batchSize: 200,
    batchingWindowSeconds: 1,
    parallelizationFactor: 1,
    maximumRetryAttempts: 10,
    maximumRecordAgeSeconds: 86_400,
    tumblingWindowSeconds: 0,
  }).prefault({}),
});

const metricsSettings = z.strictObject({
  memoryMb: z.int().min(128).max(10_240).default(256),
  timeoutSeconds: z.int().min(10).max(900).default(60),
  /** Environments kept for the function and no more: 1 sets publications in one row; 0 sets no bound. */
  reservedConcurrency: z.int().min(0).default(1),
  /** Entities and answers under this score make a result count as low confidence. */
  lowConfidenceThreshold: z.number().min(0).max(1).default(0.5),
  /** How long CloudWatch may take until a publication can be read back, in seconds. */
  readBackSeconds: z.int().min(0).max(900).default(180),
  mapping: mappingSettings({
    batchSize: 1_000,
    batchingWindowSeconds: 5,
    parallelizationFactor: 1,
    maximumRetryAttempts: -1,
    maximumRecordAgeSeconds: -1,
    tumblingWindowSeconds: 60,
  })
    .refine((mapping) => mapping.parallelizationFactor === 1, {
      path: ['parallelizationFactor'],
      message: 'must be 1: a shard is counted in the order of its records',
    })
    .prefault({}),
});

const httpSettings = z.strictObject({
  memoryMb: z.int().min(512).max(10_240).default(3_538),
  timeoutSeconds: z.int().min(3).max(29).default(29),
  reservedConcurrency: z.int().min(1).optional(),
  provisionedConcurrency: z.int().min(1).optional(),
  authorization: z.enum(['api-key', 'iam']).default('api-key'),
  throttle: z
    .strictObject({
      rateLimit: z.number().min(1).default(50),
      burstLimit: z.int().min(1).default(100),
    })
    .prefault({}),
  /** Record on-demand calls as results of source `http`, unless a request says `"store": false`. */
  store: z.boolean().default(true),
});

const resultsSettings = z.strictObject({
  /** Keep the text with the result; without it only its hash and the spans are kept. */
  storeText: z.boolean().default(true),
  /** Days until a result expires; 0 keeps it for ever. */
  retentionDays: z.int().min(0).max(3_650).default(0),
});

const alarmSettings = z.strictObject({
  emails: z.array(z.email()).default([]),
  iteratorAgeSeconds: z.int().min(1).default(300),
  /** Share of a function's time-out that its longest run may take, 0 to 1. */
  durationShare: z.number().min(0.1).max(1).default(0.9),
  rejectedRecords: z.int().min(1).default(1),
  apiLatencyMs: z.int().min(1).default(5_000),
  /** Share of API calls that may end in a 5xx, 0 to 1. */
  apiErrorShare: z.number().min(0).max(1).default(0.01),
  lowConfidenceShare: z.number().min(0).max(1).default(0.3),
  unansweredShare: z.number().min(0).max(1).default(0.8),
  /** Minutes without a processed record until the silence alarm; 0 switches it off. */
  silenceMinutes: z.int().min(0).max(1_440).default(60),
});

/** Everything that can be configured, with its default; the stacks and the local runtime read the same. */
export const settingsSchema = z.strictObject({
  environmentName: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,19}$/, 'must be 1 to 20 of a-z 0-9 -, a letter first')
    .default('dev'),
  architecture: z.enum(['x86_64', 'arm64']).default('x86_64'),
  removalPolicy: z.enum(['retain', 'destroy']).default('retain'),
  logRetentionDays: z.int().min(1).max(3_653).default(30),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  stream: streamSettings.prefault({}),
  inference: inferenceSettings.prefault({}),
  metrics: metricsSettings.prefault({}),
  http: httpSettings.prefault({}),
  results: resultsSettings.prefault({}),
  alarms: alarmSettings.prefault({}),
  /** Questions asked of every text of a source that brings none of its own. */
  standingQuestions: z.record(sourceSchema, questionsSchema).default({}),
});

/** Settings as written: everything may be left out. */
export type SettingsInput = z.input<typeof settingsSchema>;
/** Settings with every default filled in. */
export type Settings = z.output<typeof settingsSchema>;
/** How a stream is mapped to a function. */
export type MappingSettings = z.output<ReturnType<typeof mappingSettings>>;

/**
 * Checks settings and fills in the defaults.
 *
 * @throws {ConfigurationError} naming every setting at fault.
 */
export function parseSettings(input: unknown): Settings {
  const parsed = settingsSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${fieldPath(issue.path)}: ${issue.message}`);
  throw new ConfigurationError(`settings are wrong: ${faults.join('; ')}`, { cause: parsed.error });
}
