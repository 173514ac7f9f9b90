import type * as z from 'zod';
import { messageOf, ValidationError } from '#shared/errors.ts';

/**
 * Reads JSON of a known shape.
 *
 * @throws {ValidationError} naming the field at fault
 */
export function parseData<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  what: string,
): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // It quotes the text, whose line breaks would make several lines of one sentence.
    const reason = messageOf(error).replace(/\s+/g, ' ');
    throw new ValidationError('data', `the data must be ${what}: ${reason}`, { cause: error });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'data';
  throw new ValidationError(field, `${field}: ${issue?.message}`, { cause: parsed.error });
}
