/** Rounds take at most one part in so many of the time, however much there is to look through. */
const ONE_PART_IN = 20;

/** Does something again and again, pausing in between, longer where it takes long; what fails in one round is tried in the next. */
export function repeat(
  task: () => Promise<void>,
  pauseMs: number,
  onError?: (error: unknown) => void,
) {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;
  const schedule = (afterMs: number) => {
    timer = setTimeout(() => {
      const began = performance.now();
      running = task()
        .catch((error: unknown) => onError?.(error))
        .then(() => {
          const tookMs = performance.now() - began;
          if (!stopped) schedule(Math.max(pauseMs, tookMs * (ONE_PART_IN - 1)));
        });
    }, afterMs);
    timer.unref();
  };
  schedule(pauseMs);
  return {
    /** Stops after the round in hand. */
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
