import type * as z from 'zod';
import type { FailuresAnswer } from '#shared/contracts/failures.ts';
import type { httpOperations, OperationName } from '#shared/contracts/http-api.ts';

/** What a call of the API answers. */
export type AnswerOf<Name extends OperationName> = z.output<
  (typeof httpOperations)[Name]['answer']
>;

/** A stored result, as the API gives it. */
export type Result = AnswerOf<'listRecords'>['results'][number];

/** What is parked, as the API gives it. */
export type Failure = FailuresAnswer['failures'][number];
