import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { median } from './children.ts';
import type { BenchModels } from './model-folders.ts';

const program = fileURLToPath(new URL('./memory-engine.ts', import.meta.url));
const WORKERS = [1, 2, 3] as const;

/** Resident memory of a process that holds an engine, in 2^20 bytes. */
export interface MemoryUse {
  /** With one worker, after its first batches. */
  readonly oneWorkerMegabytes: number;
  /** What each further worker adds. */
  readonly perWorkerMegabytes: number;
}

/** Measures fresh processes of one, two and three workers with the entity model, medians of three each. */
export async function measureMemory(
  models: BenchModels,
  texts: readonly string[],
): Promise<MemoryUse> {
  const use = new Map<number, number>();
  for (const workers of WORKERS) {
    const sizes: number[] = [];
    for (let round = 0; round < 3; round += 1) sizes.push(await residentOf(workers));
    use.set(workers, median(sizes));
  }
  const [one = Number.NaN, , three = Number.NaN] = use.values();
  return { oneWorkerMegabytes: one, perWorkerMegabytes: (three - one) / 2 };

  async function residentOf(workers: number): Promise<number> {
    const args = [models.directory, models.entityModel, String(workers)];
    const running = promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...args]);
    running.child.stdin?.end(JSON.stringify(texts));
    return z.object({ megabytes: z.number() }).parse(JSON.parse((await running).stdout)).megabytes;
  }
}
