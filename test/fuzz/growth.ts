/** Sizes that are compared, and by how much they differ. */
const SIZE = 12_000;
const FACTOR = 8;
/** Of so many runs the fastest counts: whatever else the machine does can only make one slower. */
const RUNS = 2;
/** Times that a law is tried again, since on a busy machine even the fastest run may have been slowed. */
const TRIES = 12;
/** Of work that is slow beyond doubt, fewer will do. */
const TRIES_ABOVE = 1.85;
const FEW_TRIES = 3;

/**
 * The power of the input's size that some work grows with: 1 where it is linear, 2 where it is quadratic.
 *
 * @param work is given texts of two sizes in turns
 * @param make a text of about that many UTF-16 units
 */
export async function growthOf(
  work: (text: string) => unknown,
  make: (size: number) => string,
): Promise<number> {
  const texts = [make(SIZE), make(SIZE * FACTOR)] as const;
  let lowest = Number.POSITIVE_INFINITY;
  for (
    let tries = 0;
    !(lowest < LINEAR) && tries < (lowest < TRIES_ABOVE ? TRIES : FEW_TRIES);
    tries++
  ) {
    const fastest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as [number, number];
    for (let run = 0; run < RUNS; run++) {
      for (const index of [0, 1] as const) {
        const begin = performance.now();
        await work(texts[index]);
        fastest[index] = Math.min(fastest[index], performance.now() - begin);
      }
    }
    const growth = Math.log(fastest[1] / fastest[0]) / Math.log(texts[1].length / texts[0].length);
    lowest = Math.min(lowest, growth);
  }
  return lowest;
}

/** What `growthOf` stays below for linear work, caches and the collector of garbage counted in. */
export const LINEAR = 1.7;
