import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ModelError, messageOf } from '../errors.ts';

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

/** One model of the manifest; its files lie in the folder of its name. */
export const manifestModelSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be a plain folder name'),
  task: z.enum(['token-classification', 'question-answering']),
  revision: z.string().min(1),
  source: z.string().min(1),
  licence: z.string().min(1),
  /** Most tokens of a window, special tokens counted. */
  maximumLength: z.int().min(8),
  labels: z.array(z.string()).optional(),
  quantization: z.json().optional(),
  /** The graph is written as it shall run: optimizing it when it is loaded would only cost time. */
  optimized: z.boolean().optional(),
  /** Decoding settings that belong to the model. */
  settings: z.record(z.string(), z.json()).optional(),
  files: z.array(manifestFileSchema).min(1),
});

/** What lies in the models folder: `manifest.json`. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  models: z.array(manifestModelSchema),
});

/** One file of a model. */
export type ManifestFile = z.output<typeof manifestFileSchema>;
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
    const missing = isMissing(cause);
    const what = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    throw new ModelError(`${path} ${missing ? 'is missing' : `${what}: ${messageOf(cause)}`}`, {
      cause,
    });
  }
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
