/** How long something is waited for, and how. */
export interface Patience {
  /** Epoch milliseconds at which it is given up. */
  readonly deadline: number;
  /** Milliseconds before the next look, by how many there were. */
  readonly pauseMs: (looks: number) => number;
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** Looks again and again until something is there; undefined where it is not by the deadline. Looks once at least. */
export async function poll<Found>(
  look: () => Promise<Found | undefined>,
  { deadline, pauseMs, now, wait }: Patience,
): Promise<Found | undefined> {
  for (let looks = 1; ; looks++) {
    const found = await look();
    if (found !== undefined) return found;
    const left = deadline - now();
    if (left <= 0) return undefined;
    await wait(Math.min(left, pauseMs(looks)));
  }
}
