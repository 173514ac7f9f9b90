import { ValidationError } from '#shared/errors.ts';

const MAXIMUM_DEPTH = 32;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Parses JSON from outside, after one byte order mark if there is any; refuses nesting deeper than 32, which no contract needs.
 *
 * @throws {ValidationError} with the code `invalid-json` where the text is no JSON, else `invalid-record`.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  } catch (cause) {
    throw new ValidationError('(record)', 'the text is not valid JSON', {
      code: 'invalid-json',
      cause,
    });
  }
  refuseDepth(value);
  return value;
}

/** Refuses nesting deeper than 32, without recursion. */
function refuseDepth(root: unknown): void {
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
    for (const inner of Object.values(value)) {
      if (inner !== null && typeof inner === 'object')
        pending.push({ value: inner, depth: depth + 1 });
    }
  }
}
