import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { isOnAvx2 } from './avx2.ts';
import { median } from './children.ts';

/** What the bench ran on. */
export interface Processor {
  readonly model: string;
  readonly parallelism: number;
  /** Whether it has instructions for int8 products (AVX-512 VNNI or AVX VNNI), and they are used; null where the system does not tell. */
  readonly vnni: boolean | null;
  /** The instructions that decide how fast products are. */
  readonly instructions: string;
}

/** Tells the processor, as far as Linux does. */
export async function readProcessor(): Promise<Processor> {
  const flags = await readFile('/proc/cpuinfo', 'utf8').catch(() => undefined);
  const has = (flag: string): boolean => new RegExp(`\\b${flag}\\b`).test(flags ?? '');
  const known = ['amx_int8', 'avx512_vnni', 'avx_vnni', 'avx512f', 'avx2', 'asimddp'].filter(has);
  const hidden = isOnAvx2();
  return {
    model: cpus()[0]?.model ?? 'unknown',
    parallelism: availableParallelism(),
    vnni: flags === undefined ? null : !hidden && (has('avx512_vnni') || has('avx_vnni')),
    instructions: hidden ? 'avx2 (others hidden from the runtime)' : known.join(', ') || 'not told',
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
