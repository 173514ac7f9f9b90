import type { Invocation } from '#local/lambda/invocation.ts';
import type { StreamRecord } from './stream-source.ts';

/** What a delivery came to. */
export type Outcome =
  | { readonly kind: 'success'; readonly state?: unknown }
  /** Everything before `from` is done; the rest is to be delivered again. */
  | {
      readonly kind: 'partial';
      readonly requestId: string;
      readonly from: number;
      readonly state?: unknown;
    }
  | {
      readonly kind: 'failed';
      readonly requestId: string;
      readonly reason: string;
      /** Null where the function answered, though not with a valid response. */
      readonly functionError: 'Unhandled' | null;
    };

/**
 * Reads an invocation's answer as Lambda does with `ReportBatchItemFailures`.
 *
 * Success: null, an empty text, list or object, and `batchItemFailures` that is null or empty. Otherwise the lowest reported
 * sequence number counts. An identifier that is missing, null, empty, no text or of no record of the batch fails the whole
 * batch, and so does any other shape; in a tumbling window also an answer without `state`.
 */
export function interpretResponse(
  invocation: Invocation,
  records: readonly StreamRecord[],
  tumbling: boolean,
): Outcome {
  const { requestId } = invocation;
  if (!invocation.ok) {
    const reason = `${invocation.errorType}: ${invocation.errorMessage}`;
    return { kind: 'failed', requestId, reason, functionError: 'Unhandled' };
  }
  const malformed = (reason: string): Outcome => {
    return { kind: 'failed', requestId, reason, functionError: null };
  };

  const { payload } = invocation;
  const isEmpty = payload === '' || (Array.isArray(payload) && payload.length === 0);
  const answer = isEmpty ? {} : (payload ?? {});
  if (typeof answer !== 'object' || Array.isArray(answer)) {
    return malformed('the response is not an object');
  }
  const state = Reflect.get(answer, 'state');
  if (tumbling && (state === null || state === undefined)) {
    return malformed('the response of a tumbling window has no state');
  }
  const carried = tumbling ? { state } : {};

  const failures: unknown = Reflect.get(answer, 'batchItemFailures') ?? [];
  if (!Array.isArray(failures)) return malformed('batchItemFailures is not a list');
  if (failures.length === 0) return { kind: 'success', ...carried };

  const places = new Map(records.map(({ sequenceNumber }, index) => [sequenceNumber, index]));
  let from = records.length;
  for (const failure of failures) {
    const place = places.get(failure?.itemIdentifier);
    if (place === undefined) {
      const said = JSON.stringify(failure)?.slice(0, 200);
      return malformed(`batchItemFailures names an unknown record: ${said}`);
    }
    from = Math.min(from, place);
  }
  return { kind: 'partial', requestId, from, ...carried };
}
