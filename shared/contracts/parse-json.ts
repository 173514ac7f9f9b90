import { ValidationError } from '#shared/errors.ts';

const MAXIMUM_DEPTH = 32;

/**
 * Parses JSON from outside and refuses what no contract needs: nesting deeper than 32 and the key `__proto__`.
 *
 * @throws {ValidationError} with the code `invalid-json` where the text is no JSON, else `invalid-record`.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ValidationError('(record)', 'the text is not valid JSON', {
      code: 'invalid-json',
      cause,
    });
  }
  refuseHostileShapes(value);
  return value;
}

/** Refuses nesting deeper than 32 and own keys named `__proto__`, without recursion. */
function refuseHostileShapes(root: unknown): void {
  const pending: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, depth } = next;
    if (value === null || typeof value !== 'object') continue;
    if (depth >= MAXIMUM_DEPTH) {
      throw new ValidationError(
        '(record)',
        `(record) must not be nested deeper than ${MAXIMUM_DEPTH}`,
      );
    }
    if (Object.hasOwn(value, '__proto__')) {
      throw new ValidationError('__proto__', '__proto__ is not a known field');
    }
    for (const inner of Object.values(value)) pending.push({ value: inner, depth: depth + 1 });
  }
}
