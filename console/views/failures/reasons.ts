import type { FailuresAnswer } from '#shared/contracts/failures.ts';

type Reason = FailuresAnswer['failures'][number]['reason'];

/** Why something is parked, in words. */
export const reasonNames: Readonly<Record<Reason, string>> = {
  'invalid-json': 'invalid-json: no JSON',
  'invalid-record': 'invalid-record: a field is wrong',
  'too-large': 'too-large: the text is too long',
  undecodable: 'undecodable: no text record',
  'inference-failed': 'inference-failed: the models failed on it',
  'inference-timeout': 'inference-timeout: it took too long',
  abandoned: 'abandoned: a batch that Lambda gave up',
  unreadable: 'unreadable: no object of ours',
};
