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

/** Reads `manifest.json` of a models folder; undefined where there is none. */
export async function readManifest(modelsDirectory: string): Promise<Manifest | undefined> {
  const path = join(modelsDirectory, 'manifest.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ModelError(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return parseManifest(text, path);
}

function parseManifest(text: string, path: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ModelError(`${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || '(manifest)';
  throw new ModelError(`${path}: ${field}: ${issue?.message ?? 'is invalid'}`, {
    cause: parsed.error,
  });
}
