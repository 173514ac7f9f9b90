import * as z from 'zod';
import type { Invocation } from '#local/lambda/invocation.ts';
import { describeIssues } from '#shared/contracts/validate.ts';
import type { SourceRecord } from './source.ts';

/** What a function said of a batch. */
export type BatchResponse =
  | { readonly kind: 'success' }
  /** Everything before `from` is done; the rest is to be delivered again. */
  | { readonly kind: 'partial'; readonly requestId: string; readonly from: number }
  | {
      readonly kind: 'failed';
      readonly requestId: string;
      readonly reason: string;
      /** Null where the function answered, though not with a valid response. */
      readonly functionError: 'Unhandled' | null;
    };

const isNothing = (payload: unknown) =>
  payload === '' || (Array.isArray(payload) && payload.length === 0);

const responseSchema = z.looseObject({
  batchItemFailures: z.array(z.looseObject({ itemIdentifier: z.string() })).nullish(),
});

/**
 * Reads an invocation's answer as Lambda does with `ReportBatchItemFailures`.
 *
 * Success: null, an empty text, list or object, and `batchItemFailures` that is null or empty. Otherwise the lowest reported
 * sequence number counts. An identifier that is missing, null, empty, no text or of no record of the batch fails the whole
 * batch, and so does any other shape.
 */
export function interpretResponse(
  invocation: Invocation,
  records: readonly SourceRecord[],
): BatchResponse {
  const { requestId } = invocation;
  const failed = (reason: string, functionError: 'Unhandled' | null = null) =>
    ({ kind: 'failed', requestId, reason, functionError }) as const;
  if (!invocation.ok) {
    return failed(`${invocation.errorType}: ${invocation.errorMessage}`, 'Unhandled');
  }
  const { payload } = invocation;
  const answer = isNothing(payload) ? {} : (payload ?? {});
  const parsed = responseSchema.safeParse(answer);
  if (!parsed.success) return failed(describeIssues(parsed.error, 'the response'));

  const reported = new Set(parsed.data.batchItemFailures?.map((one) => one.itemIdentifier));
  if (reported.size === 0) return { kind: 'success' };
  const from = records.findIndex(({ sequenceNumber }) => reported.has(sequenceNumber));
  for (const { sequenceNumber } of records) reported.delete(sequenceNumber);
  for (const unknown of reported) {
    return failed(`batchItemFailures names an unknown record: ${unknown.slice(0, 200)}`);
  }
  return { kind: 'partial', requestId, from };
}
