import type * as z from 'zod';
import { ValidationError } from '#shared/errors.ts';

type Issue = z.core.$ZodIssue;

/** Kinds of values whose names in zod are no English. */
const KINDS: Readonly<Record<string, string>> = {
  array: 'an array',
  int: 'a whole number',
  object: 'an object',
};

/** `['questions', 2]` as `questions[2]`; the whole value is `(record)`. */
function fieldPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(record)';
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`,
    )
    .join('');
}

/** A path whose names are the schema's own: below a field, and where it is not known, they are the value's. */
const unnamedPath = (path: readonly PropertyKey[], isKnown = true): readonly PropertyKey[] =>
  path.map((part, index) =>
    typeof part === 'number' || (isKnown && index === 0) ? part : '(name hidden)',
  );

function describe(issue: Issue, value: unknown) {
  const field = fieldPath(issue.path);
  const unnamed = fieldPath(unnamedPath(issue.path));
  const tooLarge = issue.code === 'custom' && issue.params?.tooLarge === true;
  const code = tooLarge ? 'too-large' : 'invalid-record';
  if (issue.code === 'unrecognized_keys') {
    const path = [...issue.path, issue.keys[0] ?? ''];
    const unnamed = fieldPath(unnamedPath(path, issue.path.length > 0));
    return { field: fieldPath(path), unnamed, message: 'is not a known field', code };
  }
  if (issue.code === 'invalid_type') {
    const missing = valueAt(value, issue.path) === undefined;
    const kind = KINDS[issue.expected] ?? `a ${issue.expected}`;
    return { field, unnamed, message: missing ? 'is required' : `must be ${kind}`, code };
  }
  return { field, unnamed, message: issue.message, code };
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      inner !== null && typeof inner === 'object' && Object.hasOwn(inner, key)
        ? Reflect.get(inner, key)
        : undefined,
    value,
  );
}

/**
 * Checks a value against a schema and returns the typed value.
 *
 * @throws {ValidationError} naming the first field at fault; its code is `too-large` where a size limit is, else `invalid-record`.
 */
export function validate<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  const { field, unnamed, message, code } = first
    ? describe(first, value)
    : { field: '(record)', unnamed: '(record)', message: 'is invalid', code: 'invalid-record' };
  throw new ValidationError(field, `${field} ${message}`, {
    code,
    unnamed: `${unnamed} ${message}`,
    cause: parsed.error,
  });
}

const MOST_FAULTS = 10;

/** Every fault by the name of its field, such as `metrics.mapping.batchSize: …`; the first ten, and how many more there are. */
export function describeIssues({ issues }: z.ZodError, whole: string): string {
  const faults = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `${fieldPath([...issue.path, key])}: is not a known name`)
      : `${issue.path.length === 0 ? whole : fieldPath(issue.path)}: ${issue.message}`,
  );
  const more = faults.length - MOST_FAULTS;
  return faults.slice(0, MOST_FAULTS).join('; ') + (more > 0 ? `; and ${more} more` : '');
}
