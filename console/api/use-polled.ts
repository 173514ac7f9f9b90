import { useEffect, useRef, useState } from 'preact/hooks';
import { createPoller, type Polled } from './poller.ts';

/** What is polled, and `refresh`, which calls now. */
export interface UsedPoller<Value> extends Polled<Value> {
  readonly refresh: () => void;
}

/**
 * Polls while the view is shown and the tab is visible.
 *
 * @param key what is asked for: when it changes, what was known is forgotten
 */
export function usePolled<Value>(
  key: string,
  load: (signal: AbortSignal) => Promise<Value>,
  everyMs: number,
): UsedPoller<Value> {
  const [polled, setPolled] = useState<Polled<Value> & { key?: string }>({});
  const poller = useRef<ReturnType<typeof createPoller<Value>>>(null);
  useEffect(() => {
    const made = createPoller<Value>({
      load,
      everyMs,
      onChange: (next) => setPolled({ ...next, key }),
      isVisible: () => document.visibilityState === 'visible',
    });
    poller.current = made;
    document.addEventListener('visibilitychange', made.look);
    made.start();
    return () => {
      document.removeEventListener('visibilitychange', made.look);
      made.stop();
    };
  }, [key, everyMs]);
  const refresh = () => poller.current?.refresh();
  return polled.key === key ? { ...polled, refresh } : { refresh };
}
