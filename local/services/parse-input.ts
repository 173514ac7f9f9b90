import type { z } from 'zod';
import { fieldPath } from '#shared/contracts/validate.ts';
import { ServiceError } from './service-error.ts';

/**
 * Checks an operation's input.
 *
 * @throws {ServiceError} of the given name, naming every member at fault.
 */
export function parseInput<T extends z.ZodType>(
  schema: T,
  input: unknown,
  errorType = 'ValidationException',
): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${fieldPath(issue.path)}: ${issue.message}`);
  throw new ServiceError(errorType, faults.join('; '));
}
