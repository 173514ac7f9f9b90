/** Runs the tasks of one key one after another, in the order of asking; those of other keys go on meanwhile. */
export function createTurns() {
  const latest = new Map<string, Promise<unknown>>();
  return <T>(key: string, task: () => Promise<T>): Promise<T> => {
    const done = (latest.get(key) ?? Promise.resolve()).then(task, task);
    latest.set(key, done);
    const forget = () => {
      if (latest.get(key) === done) latest.delete(key);
    };
    done.then(forget, forget);
    return done;
  };
}

/** What takes turns; see {@link createTurns}. */
export type Turns = ReturnType<typeof createTurns>;
