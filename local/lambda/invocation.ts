/** Largest event and largest answer of a synchronous invocation, bytes. */
export const MAXIMUM_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** Why an invocation has no answer. */
export interface Failure {
  /** `error`: the function (or its init) threw or answered too much; `timeout`, `crash`: its process was killed or ended. */
  readonly kind: 'error' | 'timeout' | 'crash';
  readonly errorType: string;
  readonly errorMessage: string;
}

/** What came of one invocation: the function's answer, or why there is none. An answer that is no JSON is given as its text. */
export type Invocation =
  | { readonly ok: true; readonly requestId: string; readonly payload: unknown }
  | ({ readonly ok: false; readonly requestId: string } & Failure);

/** Invokes a function with a JSON value; rejects only where the function could not be invoked at all, as when it is closed. */
export type Invoke = (payload: unknown) => Promise<Invocation>;

/** One line that a function's process wrote, or that was written of its end. */
export interface FunctionLogLine {
  readonly functionName: string;
  readonly pid: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}
