import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { languageSchema } from './contracts/text-record.ts';
import { describeIssues } from './contracts/validate.ts';
import { ConfigurationError } from './errors.ts';
import type { ResourceNames } from './names.ts';
import type { ResultOptions } from './results-table/result-item.ts';
import { driftSettings, type Settings, standingOf } from './settings/fields.ts';
import { redactionSchema, standingSchema } from './settings/standing.ts';

const text = z.string().min(1);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const number = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,15})?$/, 'must be a number')
  .transform(Number);
/** JSON of a shape; it fails by the variable's name. */
const json = <Shape extends z.ZodType>(shape: Shape) =>
  z
    .string()
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' });
        return z.NEVER;
      }
    })
    .pipe(shape);

// Defaults are the settings' alone: whatever starts a function gives it all of these, from `functionEnvironments`.
const logging = { SPANSTREAM_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']) };
const results = {
  SPANSTREAM_RESULTS_TABLE: text,
  SPANSTREAM_STORE_TEXT: flag,
  SPANSTREAM_RETENTION_DAYS: number.pipe(z.int().max(3_650)),
  /** What is hidden, and the key of its tags; nothing is where they are left out. */
  SPANSTREAM_REDACT: json(redactionSchema).optional(),
  SPANSTREAM_REDACT_KEY: z.string().min(16, 'must be at least 16 characters').optional(),
};
const models = {
  /** Folder that holds `manifest.json`; by default the nearest `models` from the bundle upwards. */
  SPANSTREAM_MODELS: text.optional(),
  /** Worker threads; by default one per vCPU. */
  SPANSTREAM_WORKERS: number.pipe(z.int().min(1).max(256)).optional(),
  /** Which models of the manifest, in order of preference; by default all of them. */
  SPANSTREAM_MODEL_NAMES: json(z.array(text).min(1)).optional(),
  SPANSTREAM_DEFAULT_LANGUAGE: languageSchema,
};

/** What the inference function reads from its environment. */
export const inferenceEnvironmentSchema = z.object({
  ...logging,
  ...results,
  ...models,
  SPANSTREAM_FAILURES_BUCKET: text,
  SPANSTREAM_STANDING: json(standingSchema),
  SPANSTREAM_SEEN_TEXTS_MEGABYTES: number.pipe(z.int().max(4_096)),
});

/** What the HTTP function reads from its environment. */
export const httpEnvironmentSchema = z.object({
  ...logging,
  ...results,
  ...models,
  SPANSTREAM_STORE_ON_DEMAND: flag,
  /** Names the deployment whose metrics and alarms are told. */
  SPANSTREAM_ENVIRONMENT_NAME: text,
  SPANSTREAM_FAILURES_BUCKET: text,
  /** What texts may be read from by reference; nothing where it is left out. */
  SPANSTREAM_INTAKE_BUCKET: text.optional(),
});

/** What the intake function reads from its environment. */
export const intakeEnvironmentSchema = z.object({
  ...logging,
  ...results,
  SPANSTREAM_INTAKE_BUCKET: text,
  SPANSTREAM_FAILURES_BUCKET: text,
  SPANSTREAM_STREAM: text,
  /** The function whose iterator age says whether the stream has room. */
  SPANSTREAM_INFERENCE_FUNCTION: text,
  SPANSTREAM_RECORDS_PER_SECOND: number.pipe(z.number().positive()),
  SPANSTREAM_ITERATOR_AGE_SECONDS: number.pipe(z.number().positive()),
});

/** What the metrics function reads from its environment. */
export const metricsEnvironmentSchema = z.object({
  ...logging,
  SPANSTREAM_METRICS_STATE_TABLE: text,
  SPANSTREAM_METRICS_NAMESPACE: text,
  SPANSTREAM_LOW_CONFIDENCE_THRESHOLD: number.pipe(z.number().max(1)),
  SPANSTREAM_COUNTED_BY_NAME: json(
    z.object({
      entityTypes: z.array(text),
      labels: z.array(text),
      personalDataKinds: z.array(text),
      languages: z.array(text),
    }),
  ),
  SPANSTREAM_DRIFT: json(driftSettings),
  SPANSTREAM_READ_BACK_SECONDS: number.pipe(z.number().max(900)),
});

/** What the canary reads from its environment. */
export const canaryEnvironmentSchema = z.object({
  ...logging,
  SPANSTREAM_STREAM: text,
  SPANSTREAM_RESULTS_TABLE: text,
  SPANSTREAM_METRICS_NAMESPACE: text,
  SPANSTREAM_DEFAULT_LANGUAGE: languageSchema,
  SPANSTREAM_CANARY_WAIT_SECONDS: number.pipe(z.int().min(1).max(840)),
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

type ModelEnvironment = z.output<z.ZodObject<typeof models>>;
type ResultEnvironment = z.output<z.ZodObject<typeof results>>;

/** How a function makes its engine: models as configured, else the nearest from the file of that URL upwards. */
export function engineOptionsOf(environment: ModelEnvironment, fileUrl: string) {
  const {
    SPANSTREAM_MODELS: folder,
    SPANSTREAM_WORKERS: workers,
    SPANSTREAM_MODEL_NAMES: names,
  } = environment;
  return {
    modelsDirectory: folder ?? nearestModels(fileURLToPath(fileUrl)),
    defaultLanguage: environment.SPANSTREAM_DEFAULT_LANGUAGE,
    ...(names && { models: names }),
    ...(workers !== undefined && { workers }),
  };
}

/** The folder `models` with a manifest in the nearest folder that has one, as Node looks for `node_modules`; else beside the file. */
function nearestModels(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const models = join(folder, 'models');
    if (existsSync(join(models, 'manifest.json'))) return models;
    if (folder === dirname(folder)) return join(dirname(file), 'models');
  }
}

/** What a function keeps of results. */
export function resultOptionsOf(environment: ResultEnvironment): ResultOptions {
  const { SPANSTREAM_REDACT: redact, SPANSTREAM_REDACT_KEY: key } = environment;
  if (redact && key === undefined) {
    throw new ConfigurationError(
      'SPANSTREAM_REDACT_KEY is required where SPANSTREAM_REDACT is set',
    );
  }
  return {
    storeText: environment.SPANSTREAM_STORE_TEXT,
    retentionDays: environment.SPANSTREAM_RETENTION_DAYS,
    ...(redact && key !== undefined && { redaction: { ...redact, key } }),
  };
}

/** The environment that each function is given, on AWS and locally. */
export function functionEnvironments(settings: Settings, names: ResourceNames) {
  const common = { SPANSTREAM_LOG_LEVEL: settings.logLevel };
  const table = {
    SPANSTREAM_RESULTS_TABLE: names.resultsTable,
    SPANSTREAM_STORE_TEXT: String(settings.results.storeText),
    SPANSTREAM_RETENTION_DAYS: String(settings.results.retentionDays),
    ...(settings.results.redact && { SPANSTREAM_REDACT: JSON.stringify(settings.results.redact) }),
  };
  const engine = {
    SPANSTREAM_DEFAULT_LANGUAGE: settings.defaultLanguage,
    ...(settings.models && { SPANSTREAM_MODEL_NAMES: JSON.stringify(settings.models) }),
  };
  return {
    inference: {
      ...common,
      ...table,
      ...engine,
      SPANSTREAM_FAILURES_BUCKET: names.failuresBucket,
      SPANSTREAM_STANDING: JSON.stringify(standingOf(settings)),
      SPANSTREAM_SEEN_TEXTS_MEGABYTES: String(settings.inference.seenTextsMegabytes),
    },
    http: {
      ...common,
      ...table,
      ...engine,
      SPANSTREAM_STORE_ON_DEMAND: String(settings.http.store),
      SPANSTREAM_ENVIRONMENT_NAME: settings.environmentName,
      SPANSTREAM_FAILURES_BUCKET: names.failuresBucket,
      ...(settings.intake.enabled && { SPANSTREAM_INTAKE_BUCKET: names.intakeBucket }),
    },
    intake: {
      ...common,
      ...table,
      SPANSTREAM_INTAKE_BUCKET: names.intakeBucket,
      SPANSTREAM_FAILURES_BUCKET: names.failuresBucket,
      SPANSTREAM_STREAM: names.stream,
      SPANSTREAM_INFERENCE_FUNCTION: names.inferenceFunction,
      SPANSTREAM_RECORDS_PER_SECOND: String(settings.intake.recordsPerSecond),
      SPANSTREAM_ITERATOR_AGE_SECONDS: String(settings.intake.iteratorAgeSeconds),
    },
    metrics: {
      ...common,
      SPANSTREAM_METRICS_STATE_TABLE: names.metricsStateTable,
      SPANSTREAM_METRICS_NAMESPACE: names.metricsNamespace,
      SPANSTREAM_LOW_CONFIDENCE_THRESHOLD: String(settings.metrics.lowConfidenceThreshold),
      SPANSTREAM_COUNTED_BY_NAME: JSON.stringify(settings.metrics.countedByName),
      SPANSTREAM_DRIFT: JSON.stringify(settings.metrics.drift),
      SPANSTREAM_READ_BACK_SECONDS: String(settings.metrics.readBackSeconds),
    },
    canary: {
      ...common,
      SPANSTREAM_STREAM: names.stream,
      SPANSTREAM_RESULTS_TABLE: names.resultsTable,
      SPANSTREAM_METRICS_NAMESPACE: names.metricsNamespace,
      SPANSTREAM_DEFAULT_LANGUAGE: settings.defaultLanguage,
      SPANSTREAM_CANARY_WAIT_SECONDS: String(settings.canary.waitSeconds),
    },
  } as const;
}
