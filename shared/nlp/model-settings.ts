import type { z } from 'zod';
import { ModelError } from '../errors.ts';

/**
 * Reads the decoding settings that a model's manifest brings; the schema fills in what it leaves out.
 *
 * @throws {ModelError} naming the setting at fault.
 */
export function parseModelSettings<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = ['settings', ...(issue?.path ?? [])].join('.');
  throw new ModelError(`manifest: ${field}: ${issue?.message}`, { cause: parsed.error });
}
