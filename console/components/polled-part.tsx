import type { ComponentChildren } from 'preact';
import { ApiError, messageOf } from '../api/client.ts';
import type { UsedPoller } from '../api/use-polled.ts';
import { formatClock } from '../format.ts';
import { Notice } from './notice.tsx';

interface PolledPartProps<Value> {
  /** What is being asked for, as in `the metrics`. */
  readonly what: string;
  readonly polled: UsedPoller<Value>;
  readonly children: (value: Value) => ComponentChildren;
}

/** Shows what is polled, or that it is on its way, or why it cannot be had; what is old is shown and said to be so. */
export function PolledPart<Value>({ what, polled, children }: PolledPartProps<Value>) {
  const { value, at, error, refresh } = polled;
  const again = (
    <button type="button" onClick={refresh}>
      Try again
    </button>
  );
  if (at === undefined) {
    if (error === undefined) return <Notice kind="loading" title={`Asking for ${what} …`} />;
    return (
      <Notice kind="error" title={`No answer about ${what}`}>
        <p>
          {messageOf(error)} {adviceOf(error)}
        </p>
        {again}
      </Notice>
    );
  }
  return (
    <>
      {error !== undefined && (
        <div class="stale" role="status">
          <p>
            Shown is what was known at {formatClock(new Date(at), { seconds: true })}.{' '}
            {messageOf(error)} {adviceOf(error)}
          </p>
          {again}
        </div>
      )}
      {children(value as Value)}
    </>
  );
}

function adviceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return '';
  if (error.status === 0) return 'Is the stack running? The page goes on trying.';
  if (error.status === 429) return 'Too many calls: the page goes on trying, more seldom.';
  if (error.status >= 500) return 'The page goes on trying.';
  return '';
}
