import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { questionsSchema, sourceSchema } from './contracts/text-record.ts';
import { describeIssues } from './contracts/validate.ts';
import { ConfigurationError } from './errors.ts';
import type { ResourceNames } from './names.ts';
import type { Settings } from './settings.ts';

const text = z.string().min(1);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const number = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,15})?$/, 'must be a number')
  .transform(Number);
const standingQuestions = z
  .string()
  .transform((value, context): unknown => {
    try {
      return JSON.parse(value);
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.record(sourceSchema, questionsSchema));

// Defaults are the settings' alone: whatever starts a function gives it all of these, from `functionEnvironments`.
const logging = { SPANSTREAM_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']) };
const results = {
  SPANSTREAM_RESULTS_TABLE: text,
  SPANSTREAM_STORE_TEXT: flag,
  SPANSTREAM_RETENTION_DAYS: number.pipe(z.int().max(3_650)),
};
const models = {
  /** Folder that holds `manifest.json`; by default `models` beside the bundle. */
  SPANSTREAM_MODELS: text.optional(),
  /** Worker threads; by default one per vCPU. */
  SPANSTREAM_WORKERS: number.pipe(z.int().min(1).max(256)).optional(),
};

/** What the inference function reads from its environment. */
export const inferenceEnvironmentSchema = z.object({
  ...logging,
  ...results,
  ...models,
  SPANSTREAM_FAILURES_BUCKET: text,
  SPANSTREAM_STANDING_QUESTIONS: standingQuestions,
});

/** What the HTTP function reads from its environment. */
export const httpEnvironmentSchema = z.object({
  ...logging,
  ...results,
  ...models,
  SPANSTREAM_STORE_ON_DEMAND: flag,
});

/** What the metrics function reads from its environment. */
export const metricsEnvironmentSchema = z.object({
  ...logging,
  SPANSTREAM_METRICS_STATE_TABLE: text,
  SPANSTREAM_METRICS_NAMESPACE: text,
  SPANSTREAM_LOW_CONFIDENCE_THRESHOLD: number.pipe(z.number().max(1)),
  SPANSTREAM_READ_BACK_SECONDS: number.pipe(z.number().max(900)),
});

/**
 * Reads and checks a function's environment.
 *
 * @throws {ConfigurationError} naming the variables at fault.
 */
export function readEnvironment<T extends z.ZodType>(
  schema: T,
  environment: NodeJS.ProcessEnv,
): z.output<T> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(
    `environment variables are wrong: ${describeIssues(parsed.error, 'environment')}`,
  );
}

/** Folder of the models: as configured, else `models` beside the file of that URL. */
export function modelsDirectoryOf(
  environment: { readonly SPANSTREAM_MODELS?: string | undefined },
  fileUrl: string,
): string {
  return environment.SPANSTREAM_MODELS ?? fileURLToPath(new URL('models', fileUrl));
}

/** The environment that each function is given, on AWS and locally. */
export function functionEnvironments(settings: Settings, names: ResourceNames) {
  const common = { SPANSTREAM_LOG_LEVEL: settings.logLevel };
  const table = {
    SPANSTREAM_RESULTS_TABLE: names.resultsTable,
    SPANSTREAM_STORE_TEXT: String(settings.results.storeText),
    SPANSTREAM_RETENTION_DAYS: String(settings.results.retentionDays),
  };
  return {
    inference: {
      ...common,
      ...table,
      SPANSTREAM_FAILURES_BUCKET: names.failuresBucket,
      SPANSTREAM_STANDING_QUESTIONS: JSON.stringify(settings.standingQuestions),
    },
    http: { ...common, ...table, SPANSTREAM_STORE_ON_DEMAND: String(settings.http.store) },
    metrics: {
      ...common,
      SPANSTREAM_METRICS_STATE_TABLE: names.metricsStateTable,
      SPANSTREAM_METRICS_NAMESPACE: names.metricsNamespace,
      SPANSTREAM_LOW_CONFIDENCE_THRESHOLD: String(settings.metrics.lowConfidenceThreshold),
      SPANSTREAM_READ_BACK_SECONDS: String(settings.metrics.readBackSeconds),
    },
  } as const;
}
