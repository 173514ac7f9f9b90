import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpanstreamError } from '#shared/errors.ts';
import { backoffDelay, isThrottle, isTransient, isUnavailable } from '#shared/retry.ts';

const answer = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
const system = (code: string) => Object.assign(new Error(code), { code });
const named = (name: string) => Object.assign(new Error(name), { name });

const causeOfItself = () => {
  const error = new Error('in a circle');
  error.cause = error;
  return error;
};

describe('isTransient', () => {
  it.each([
    // No answer, because of the way to the service.
    [system('ECONNRESET'), true],
    [system('EAI_AGAIN'), true],
    [system('ERR_SSL_WRONG_VERSION_NUMBER'), true],
    [system('UND_ERR_SOCKET'), true],
    [system('SELF_SIGNED_CERT_IN_CHAIN'), true],
    [named('AbortError'), true],
    [new DOMException('late', 'TimeoutError'), true],
    [named('CredentialsProviderError'), true],
    [new TypeError('fetch failed', { cause: system('ECONNREFUSED') }), true],
    // The SDK gives its own count of attempts to an error that brought no answer.
    [Object.assign(system('EPIPE'), { $metadata: { attempts: 2 } }), true],
    [system('EMFILE'), true],
    [system('EHOSTUNREACH'), true],
    // An answer that may be another one later.
    [answer('InternalServerError', 500), true],
    [answer('SlowDown', 503), true],
    [answer('ProvisionedThroughputExceededException', 400), true],
    [answer('AccessDeniedException', 400), true],
    [answer('ResourceNotFoundException', 400), true],
    [answer('SyntaxError', 200), true],
    [new SpanstreamError('table-throttled', 'the table is throttled'), true],
    // What was sent is at fault.
    [answer('ValidationException', 400), false],
    [answer('SerializationException', 400), false],
    [answer('RequestEntityTooLarge', 413), false],
    // Made here, out of what was to be sent.
    [new Error('Unsupported type passed'), false],
    [new TypeError('Cannot read properties of undefined'), false],
    [system('ERR_INVALID_ARG_TYPE'), false],
    [system('ENOENT'), false],
    [system('EINVAL'), false],
    [causeOfItself(), false],
    [new RangeError('Maximum call stack size exceeded'), false],
    [new SpanstreamError('unstorable', 'x cannot be stored'), false],
    ['a string', false],
    [undefined, false],
  ])('of %s is %s', (error, expected) => {
    expect(isTransient(error)).toBe(expected);
  });

  it('is so for whatever is unavailable, which is so for whatever is throttled', () => {
    const error = fc
      .tuple(
        fc.constantFrom('Throttling', 'SlowDown', 'X', 'AbortError'),
        fc.integer({ min: 200, max: 599 }),
      )
      .map(([name, status]) => answer(name, status));
    fc.assert(
      fc.property(error, (thrown) => {
        expect(isUnavailable(thrown) || !isThrottle(thrown)).toBe(true);
        expect(isTransient(thrown) || !isUnavailable(thrown)).toBe(true);
      }),
    );
  });
});

describe('backoffDelay', () => {
  it('doubles up to its cap, with full jitter', () => {
    const options = { baseMs: 25, capMs: 1_000 };

    expect([0, 1, 5, 9].map((n) => backoffDelay(n, { ...options, random: () => 1 }))).toEqual([
      25, 50, 800, 1_000,
    ]);
    expect(backoffDelay(9, { ...options, random: () => 0 })).toBe(0);
  });
});
