import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ModelError, messageOf } from '../errors.ts';
import { primaryTagOf } from './language/primary-tag.ts';
import { taskNames } from './types.ts';

/** One file of a model, with what it must be. */
export const manifestFileSchema = z.strictObject({
  /** Relative to the model's folder, with forward slashes. */
  path: z
    .string()
    .regex(/^[^/\\][^\\]*$/, 'must be relative')
    .refine((path) => !path.split('/').includes('..'), 'must not leave the folder'),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits'),
});

const settingsSchema = z.record(z.string(), z.json());

/** BCP 47 primary tags of texts, or `*` for any. */
const languagesSchema = z
  .array(
    z
      .string()
      .regex(/^(\*|[a-z]{2,3})$/, 'must be a primary tag or *')
      // A text's language is known by its canonical tag: `zh`, not `cmn` or `zho`.
      .transform((tag) => primaryTagOf(tag) ?? tag),
  )
  .min(1);

/** One task that a model's graph serves; several heads share one pass. */
export const manifestHeadSchema = z.strictObject({
  task: z.enum(taskNames).exclude(['pii']),
  /** Tells classifiers of texts apart, as their labels' `task`; by default the model's name. */
  name: z.string().min(1).optional(),
  /** The graph's outputs that it reads; by default those that exports of the task have. */
  output: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  /** By output column; by default those of `config.json`. */
  labels: z.array(z.string()).min(1).optional(),
  /** Of the texts that it is for; by default the model's. */
  languages: languagesSchema.optional(),
  /** It is run only where its task is asked for. */
  onRequest: z.boolean().optional(),
  /** How the outputs are decoded. */
  settings: settingsSchema.optional(),
});

/** A figure of a model's card, so that whoever reads the manifest need not read the card. */
const figureSchema = z.strictObject({
  task: z.enum(taskNames).exclude(['pii']),
  /** Of the classifier, where the model has several. */
  name: z.string().min(1).optional(),
  data: z.string().min(1),
  metric: z.string().min(1),
  /** In per cent. */
  value: z.number(),
});

const modelFields = {
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be a plain folder name'),
  revision: z.string().min(1),
  source: z.string().min(1),
  licence: z.string().min(1),
  /** Most tokens of a window, special tokens counted. */
  maximumLength: z.int().min(8),
  quantization: z.json().optional(),
  /** The graph is written as it shall run: optimizing it when it is loaded would only cost time. */
  optimized: z.boolean().optional(),
  files: z.array(manifestFileSchema).min(1),
  /** No part of the pipeline's version. */
  figures: z.array(figureSchema).optional(),
};

/** Classifiers of texts are told apart by their names; of any other task a model has one head. */
const isNamed = (task: string): boolean => task === 'labels';

/** One model of the manifest; its files lie in the folder of its name. */
export const manifestModelSchema = z.strictObject({
  ...modelFields,
  /** Of the texts that it is for. */
  languages: languagesSchema,
  heads: z
    .array(manifestHeadSchema)
    .min(1)
    .refine(
      (heads) =>
        new Set(heads.map(({ task, name }) => `${task} ${isNamed(task) && name}`)).size ===
        heads.length,
      'must be of different tasks, and those of labels have different names: one of two would never be used',
    ),
});

/** A model as version 1 has it: one task, named as on the Hub, in any language. */
const modelOfVersion1 = z
  .strictObject({
    ...modelFields,
    task: z.enum(['token-classification', 'question-answering']),
    labels: z.array(z.string()).min(1).optional(),
    settings: settingsSchema.optional(),
  })
  .transform(
    ({ task: hubTask, labels, settings, ...model }): z.output<typeof manifestModelSchema> => {
      const task = hubTask === 'token-classification' ? 'entities' : 'answers';
      const head = { task, ...(labels && { labels }), ...(settings && { settings }) } as const;
      return { ...model, languages: ['*'], heads: [head] };
    },
  );

/** What lies in the models folder: `manifest.json`. Version 1 is read as what it would be in version 2. */
export const manifestSchema = z
  .discriminatedUnion('version', [
    z.strictObject({ version: z.literal(2), models: z.array(manifestModelSchema) }),
    z
      .strictObject({ version: z.literal(1), models: z.array(modelOfVersion1) })
      .transform(({ models }) => ({ version: 2 as const, models })),
  ])
  .superRefine(({ models }, context) => {
    const names = new Set<string>();
    for (const [index, { name }] of models.entries()) {
      const message = `must be of one model only: ${name} is there before`;
      if (names.has(name)) {
        context.addIssue({ code: 'custom', path: ['models', index, 'name'], message });
      }
      names.add(name);
    }
  });

/** One file of a model. */
export type ManifestFile = z.output<typeof manifestFileSchema>;
/** One head of a model. */
export type ManifestHead = z.output<typeof manifestHeadSchema>;
/** One model of the manifest. */
export type ManifestModel = z.output<typeof manifestModelSchema>;
/** The models folder's table of contents. */
export type Manifest = z.output<typeof manifestSchema>;

/**
 * Reads a JSON file.
 *
 * @throws {ModelError} naming the file that is missing, cannot be read or is not JSON
 */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** What is told of a file of a model that cannot be read. */
export function unreadable(path: string, cause: unknown): ModelError {
  const what = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
  const why = isMissing(cause) ? 'is missing' : `${what}: ${messageOf(cause)}`;
  return new ModelError(`${path} ${why}`, { cause });
}

/**
 * Reads `manifest.json` of a models folder; undefined where there is none.
 *
 * @throws {ModelError} naming the field that is wrong
 */
export async function readManifest(modelsDirectory: string): Promise<Manifest | undefined> {
  const path = join(modelsDirectory, 'manifest.json');
  const json = await readJson(path).catch((error: unknown) => {
    if (error instanceof ModelError && isMissing(error.cause)) return undefined;
    throw error;
  });
  if (json === undefined) return undefined;
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || '(manifest)';
  throw new ModelError(`${path}: ${field}: ${issue?.message ?? 'is invalid'}`, {
    cause: parsed.error,
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
