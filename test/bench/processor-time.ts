import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { median } from './children.ts';

/** What the bench ran on. */
export interface Processor {
  readonly model: string;
  readonly parallelism: number;
  /** Whether it has instructions for int8 products (AVX-512 VNNI or AVX VNNI); null where the system does not tell. */
  readonly vnni: boolean | null;
}

/** Tells the processor, as far as Linux does. */
export async function readProcessor(): Promise<Processor> {
  const flags = await readFile('/proc/cpuinfo', 'utf8').catch(() => undefined);
  return {
    model: cpus()[0]?.model ?? 'unknown',
    parallelism: availableParallelism(),
    vnni: flags === undefined ? null : /\b(avx512_vnni|avx_vnni)\b/.test(flags),
  };
}

type Job = () => Promise<unknown> | unknown;

/**
 * Does jobs in turns and gives the median seconds of processor time that each takes, over all threads of the process: other
 * work on the machine lengthens it little. The first round is for warming up; who begins changes from round to round.
 */
export async function processorSeconds<Name extends string>(
  jobs: Readonly<Record<Name, Job>>,
  rounds: number,
): Promise<Record<Name, number>> {
  const order = Object.keys(jobs) as Name[];
  const times = new Map<Name, number[]>(order.map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const name of order) {
      const before = process.cpuUsage();
      await jobs[name]();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) times.get(name)?.push((user + system) / 1e6);
    }
    order.reverse();
  }
  const medians = order.map((name) => [name, median(times.get(name) ?? [])]);
  return Object.fromEntries(medians) as Record<Name, number>;
}
