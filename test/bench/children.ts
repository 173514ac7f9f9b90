import { type ChildProcess, execFile, fork } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { SpanstreamError } from '#shared/errors.ts';
import type { ArmName, ArmRequest, BenchJob, ModelFolders } from './arms.ts';

/** Between two arms' turns: threads of the last one stop spinning meanwhile. */
const PAUSE_MILLISECONDS = 300;

interface Runner {
  run(request: ArmRequest): Promise<number>;
  stop(): void;
}

/** Lets the arms do the job in turns, round after round, and gives each one's times in milliseconds. */
export async function race(
  arms: readonly ArmName[],
  folders: ModelFolders,
  jobs: { readonly warmUp: BenchJob; readonly timed: BenchJob },
  options: { rounds: number; done: (rounds: number) => void },
): Promise<Map<ArmName, number[]>> {
  const times = new Map<ArmName, number[]>(arms.map((arm) => [arm, []]));
  const runners = new Map<ArmName, Runner>();
  try {
    for (const arm of arms) {
      const runner = startArm();
      runners.set(arm, runner);
      await runner.run({ kind: 'start', arm, folders });
      await runner.run({ kind: 'run', job: jobs.warmUp });
    }
    for (let round = 0; round < options.rounds; round += 1) {
      for (const [arm, runner] of runners) {
        await pause(PAUSE_MILLISECONDS);
        times.get(arm)?.push(await runner.run({ kind: 'run', job: jobs.timed }));
      }
      options.done(round + 1);
    }
  } finally {
    for (const runner of runners.values()) runner.stop();
  }
  return times;
}

function startArm(): Runner {
  const child: ChildProcess = fork(fileURLToPath(new URL('./arms.ts', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    run: (request) =>
      new Promise((resolve, reject) => {
        const exited = (): void =>
          reject(new SpanstreamError('bench', 'an arm of the bench ended'));
        child.once('exit', exited);
        child.once('message', (reply: { milliseconds: number }) => {
          child.off('exit', exited);
          resolve(reply.milliseconds);
        });
        child.send(request);
      }),
    stop: () => child.kill('SIGKILL'),
  };
}

const coldReply = z.object({ milliseconds: z.number() });

/** Runs a program of its own process and gives the milliseconds that it prints, once for each time. */
export async function runFresh(file: string, args: readonly string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args]);
  return coldReply.parse(JSON.parse(stdout)).milliseconds;
}

/** The middle value; of an even number of values the lower one of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
