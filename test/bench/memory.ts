import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { median } from './children.ts';
import type { BenchModels } from './model-folders.ts';

const program = fileURLToPath(new URL('./memory-engine.ts', import.meta.url));
const ROUNDS = 3;
const MANY = 3;

/** Resident memory of a process that holds an engine, in 2^20 bytes. */
export interface MemoryUse {
  /** With one worker, after its first batches. */
  readonly oneWorkerMegabytes: number;
  /** What each further worker adds. */
  readonly perWorkerMegabytes: number;
}

/** Measures fresh processes of one worker and of several with the entity model, medians of three each. */
export async function measureMemory(
  models: BenchModels,
  texts: readonly string[],
): Promise<MemoryUse> {
  const [one, many] = [await usual(1), await usual(MANY)];
  return { oneWorkerMegabytes: one, perWorkerMegabytes: (many - one) / (MANY - 1) };

  async function usual(workers: number): Promise<number> {
    const sizes: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) sizes.push(await residentOf(workers));
    return median(sizes);
  }

  async function residentOf(workers: number): Promise<number> {
    const args = [models.directory, models.entityModel, String(workers)];
    const running = promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...args]);
    running.child.stdin?.end(JSON.stringify(texts));
    return z.object({ megabytes: z.number() }).parse(JSON.parse((await running).stdout)).megabytes;
  }
}
