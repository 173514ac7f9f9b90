import * as z from 'zod';
import { ModelError } from '../errors.ts';

/**
 * Checks a head's settings and fills in what they leave out.
 *
 * @throws {ModelError} naming the setting at fault
 */
export function parseHeadSettings<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = ['settings', ...(issue?.path ?? [])].join('.');
  throw new ModelError(`manifest: ${field}: ${issue?.message}`, { cause: parsed.error });
}

/** Tokens that consecutive windows of a long text share; the largest of a model's heads counts. */
export const overlapSetting = z.int().min(0).optional();
