/** Does something again and again, pausing in between; what fails in one round is tried in the next. */
export function repeat(
  task: () => Promise<void>,
  pauseMs: number,
  onError?: (error: unknown) => void,
) {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;
  const schedule = () => {
    timer = setTimeout(() => {
      running = task()
        .catch((error: unknown) => onError?.(error))
        .then(() => {
          if (!stopped) schedule();
        });
    }, pauseMs);
    timer.unref();
  };
  schedule();
  return {
    /** Stops after the round in hand. */
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
