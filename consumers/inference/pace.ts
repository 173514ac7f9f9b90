/** Characters a millisecond assumed before anything was measured: far below what the bundled models reach. */
const ASSUMED_SPEED = 2;
/** Characters of the first slice in a fresh sandbox: enough to measure by, and done in time on a slow machine. */
const PROBE_CHARACTERS = 4_000;
/** What a job takes whatever its size, so that a small slice does not make the engine look slow. */
const OVERHEAD_MS = 20;
/** Share of the time left that a slice may be expected to take. */
const SHARE = 0.4;

/** How fast the engine is, learnt from slice to slice and kept over invocations. */
export interface Pace {
  /** Characters that a slice may hold, so that it is expected to end well within `remaining` milliseconds. */
  sliceLimit(remaining: number): number;
  /** Learns from a slice; one that was given up counts as if it had needed four times as long. */
  learn(characters: number, milliseconds: number, givenUp?: boolean): void;
}

/** A pace that knows nothing yet. */
export function createPace(): Pace {
  let speed: number | undefined;
  return {
    sliceLimit(remaining) {
      const fits = Math.max(0, remaining) * SHARE * (speed ?? ASSUMED_SPEED);
      return speed === undefined ? Math.min(PROBE_CHARACTERS, fits) : fits;
    },
    learn(characters, milliseconds, givenUp = false) {
      const spent = Math.max(1, milliseconds - OVERHEAD_MS);
      const seen = characters / (givenUp ? spent * 4 : spent);
      // A slower slice is believed at once, a faster one by half.
      speed = speed === undefined || seen < speed ? seen : (speed + seen) / 2;
    },
  };
}
