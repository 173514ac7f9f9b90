/** What is known of something that is asked for again and again. */
export interface Polled<Value> {
  /** The last answer; it stays when a later call fails. */
  readonly value?: Value | undefined;
  /** When it was answered, epoch milliseconds. */
  readonly at?: number;
  /** Why the last call failed; absent once one succeeds. */
  readonly error?: unknown;
  /** When the next call is due, epoch milliseconds; absent while none is. */
  readonly nextAt?: number | undefined;
}

/** How a poller goes about it. */
export interface PollerOptions<Value> {
  readonly load: (signal: AbortSignal) => Promise<Value>;
  readonly everyMs: number;
  /** Longest pause between calls that fail. */
  readonly mostMs?: number;
  readonly onChange: (polled: Polled<Value>) => void;
  readonly isVisible: () => boolean;
}

const MOST_MS = 60_000;

/**
 * Calls at once and then at intervals while the page is visible, ever more seldom while calls fail. `look` is called when the
 * page is shown or hidden.
 */
export function createPoller<Value>(options: PollerOptions<Value>) {
  const { load, everyMs, mostMs = MOST_MS, onChange, isVisible } = options;
  let polled: Polled<Value> = {};
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | undefined;
  let dueAt = 0;

  const tell = (change: Polled<Value>) => {
    polled = change;
    onChange(polled);
  };
  const schedule = () => {
    const pause = failures === 0 ? everyMs : Math.min(everyMs * 2 ** (failures - 1), mostMs);
    dueAt = Date.now() + pause;
    if (isVisible()) timer = setTimeout(run, pause);
    return isVisible() ? dueAt : undefined;
  };
  async function run(): Promise<void> {
    clearTimeout(timer);
    running?.abort();
    const mine = new AbortController();
    running = mine;
    try {
      const value = await load(mine.signal);
      if (mine.signal.aborted) return;
      failures = 0;
      running = undefined;
      tell({ value, at: Date.now(), nextAt: schedule() });
    } catch (error) {
      if (mine.signal.aborted) return;
      failures += 1;
      running = undefined;
      const { value, at } = polled;
      tell({ ...(at !== undefined && { value, at }), error, nextAt: schedule() });
    }
  }

  return {
    start: () => void run(),
    /** Calls now, whatever is due. */
    refresh: () => void run(),
    /** The page was shown or hidden. */
    look() {
      clearTimeout(timer);
      if (!isVisible() || running) return;
      if (Date.now() >= dueAt) void run();
      else timer = setTimeout(run, dueAt - Date.now());
    },
    stop() {
      clearTimeout(timer);
      running?.abort();
    },
  };
}
