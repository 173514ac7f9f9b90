/** Sizes that are compared with those that are so many times as large; the second where the first grow too fast. */
const SIZES = [6_000, 24_000];
const FACTOR = 8;
/** Times that each size is run at least, after once to warm up; and at most, as long as the law does not show. */
const LEAST_RUNS = 2;
const MOST_RUNS = 24;
/** Of a work that takes so long at the larger size, no run is an accident: few of them will do. */
const SLOW_MICROSECONDS = 1_000_000;
const RUNS_OF_SLOW = 3;

/** What `growthOf` stays below for linear work, caches and the collector of garbage counted in. */
export const LINEAR = 1.7;

/**
 * The power of the input's size that some work grows with: 1 where it is linear, 2 where it is quadratic.
 *
 * It compares the least time of each size, in time of this process' processor, which passes only while it works: however
 * busy the machine is. What else may lengthen a run passes in time: up to {@link MOST_RUNS} of them are made. Small inputs
 * that fit the caches, or that no garbage is collected for, are left behind by asking larger ones too: the least growth counts.
 *
 * @param work is given inputs of two sizes in turns
 * @param make an input of about that size
 */
export async function growthOf<Input>(
  work: (input: Input) => unknown,
  make: (size: number) => Input,
): Promise<number> {
  let growth = Number.POSITIVE_INFINITY;
  for (const size of SIZES) {
    if (growth < LINEAR) break;
    growth = Math.min(growth, await growthBetween(work, make(size), make(size * FACTOR)));
  }
  return growth;
}

async function growthBetween<Input>(
  work: (input: Input) => unknown,
  small: Input,
  large: Input,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let growth = Number.POSITIVE_INFINITY;
  await work(small);
  for (let runs = 1; runs <= MOST_RUNS; runs++) {
    least = Math.min(least, await processorTime(work, small));
    most = Math.min(most, await processorTime(work, large));
    growth = Math.log(most / least) / Math.log(FACTOR);
    if (runs >= LEAST_RUNS && growth < LINEAR) break;
    if (runs >= RUNS_OF_SLOW && most > SLOW_MICROSECONDS) break;
  }
  return growth;
}

/** Microseconds of this process' processor time that a work takes, one at least. */
async function processorTime<Input>(work: (input: Input) => unknown, input: Input) {
  const before = process.cpuUsage();
  await work(input);
  const { user, system } = process.cpuUsage(before);
  return Math.max(1, user + system);
}
