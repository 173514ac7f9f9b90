import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleFunction } from '#local/lambda/bundle.ts';
import { createProgress } from '#shared/cli/progress.ts';
import { say } from '#shared/cli/run-command.ts';
import { bundle } from '#stacks/local/bundle.ts';
import { countPublished } from '#test/cloud/run-cloud.ts';
import { type AuditReport, audit } from './audit.ts';
import { createEmulatedEnvironment } from './emulated-environment.ts';
import {
  type ChaosEnvironment,
  createEnvironment,
  type EnvironmentOptions,
} from './environment.ts';
import { createPlan, type FaultPlan } from './plan.ts';
import { type Load, produce } from './produce.ts';
import { aggregateSome, drawWorkload, takeRecords } from './workload.ts';

/** What a chaos run did and what its audit found. */
export interface ChaosOutcome {
  readonly produced: number;
  readonly faults: Readonly<Record<string, number>>;
  /** By environment. */
  readonly reports: Readonly<Record<string, AuditReport>>;
  readonly seconds: number;
}

/** How a chaos run is set up. */
export interface ChaosOptions {
  readonly records: number;
  readonly plan: FaultPlan;
  readonly texts: readonly string[];
  readonly modelsDirectory?: string | undefined;
  readonly keep?: boolean;
  /** `local` unless given: two local stacks; `cloud`: the product deployed on MiniStack. */
  readonly target?: 'local' | 'cloud';
  readonly signal: AbortSignal;
}

/** Models of random weights, which load in no time. */
export const tinyModels = fileURLToPath(new URL('../../fixtures/tiny-model', import.meta.url));

/** Environments that share one CloudWatch: one under all the faults, and a quiet one beside it with a share of the records, which hides personal data. */
const MAIN = 'chaos';
const BESIDE = 'beside';
const BESIDE_SHARE = 0.05;
const PATIENCE_MS = 1_800_000;

/** Runs two whole stacks, or one on the emulator, under the plan's faults, waits until they are quiet, and audits them. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const started = new Date();
  const directory = await mkdtemp(join(tmpdir(), 'spanstream-chaos-'));
  const running: ChaosEnvironment[] = [];
  const faults: Record<string, number> = {};
  const count = (what: string) => {
    faults[what] = (faults[what] ?? 0) + 1;
  };
  const { plan, modelsDirectory, signal } = options;
  const make = async (name: string, more: Partial<EnvironmentOptions> = {}) => {
    const environment = await createEnvironment({
      ...{ name, plan, count, modelsDirectory, ...more },
      directory: join(directory, name),
      bundleDirectory: join(directory, 'bundles'),
    });
    running.push(environment);
    return environment;
  };
  const load = (environment: ChaosEnvironment, name: string, share: number): Load => {
    const { texts, records } = options;
    const total = Math.ceil(records * share);
    const hard = name === MAIN;
    const workload = () => drawWorkload({ seed: plan.seed, texts, name, hard });
    return {
      ...{ environment, total },
      draw: () => aggregateSome(takeRecords(workload(), total)),
      events: hard
        ? plan.events
        : createPlan(plan.seed + 1).events.filter(({ kind }) => kind.startsWith('kill')),
    };
  };
  async function localLoads(): Promise<Load[]> {
    await bundleAll(join(directory, 'bundles'));
    const main = await make(MAIN);
    const beside = await make(BESIDE, {
      modelsDirectory: tinyModels,
      cloudwatch: main.cloudwatch,
      hidesPersonalData: true,
    });
    return [load(main, MAIN, 1), load(beside, BESIDE, BESIDE_SHARE)];
  }
  async function emulatedLoads(): Promise<Load[]> {
    const environment = await createEmulatedEnvironment({
      ...{ plan, count, modelsDirectory, signal, say },
    });
    running.push(environment);
    return [load(environment, MAIN, 1)];
  }
  try {
    const loads = options.target === 'cloud' ? await emulatedLoads() : await localLoads();
    await Promise.all(loads.map((load) => produce(load, signal)));
    await settle(loads, started, signal);
    const reports: Record<string, AuditReport> = {};
    for (const { environment, draw: again } of loads) {
      const { names, clients, sumOf } = environment;
      await environment.conclude();
      reports[names.prefix] = await audit(again(), clients, names, started, sumOf);
    }
    return {
      produced: loads.reduce((sum, { total }) => sum + total, 0),
      faults,
      reports,
      seconds: Math.round((Date.now() - started.getTime()) / 100) / 10,
    };
  } finally {
    for (const environment of running.reverse()) await environment.stop();
    if (options.keep === true) process.stderr.write(`kept ${directory}\n`);
    else await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The bundles as they are deployed, but for the way into the inference function, which lets its workers be ended. */
async function bundleAll(outdir: string): Promise<void> {
  await bundle({ outdir });
  await bundleFunction({
    name: 'inference',
    entries: { index: fileURLToPath(new URL('./inference-entry.ts', import.meta.url)) },
    outdir: join(outdir, 'inference'),
    external: ['onnxruntime-node'],
  });
}

/** Waits until every result is in and the metrics have stopped moving; the last tenth runs without faults, so that it ends. */
async function settle(loads: readonly Load[], since: Date, signal: AbortSignal): Promise<void> {
  const all = loads.reduce((sum, { total }) => sum + total, 0);
  const progress = createProgress({ label: 'counted', total: all, unit: 'records' });
  let quietSince = Date.now();
  let last = -1;
  let isCalm = false;
  for (let moved = Date.now(); Date.now() - moved < PATIENCE_MS; ) {
    signal.throwIfAborted();
    const counts = await Promise.all(
      // The CloudWatch of both may be down with the stack that has it.
      loads.map(({ environment }) =>
        countPublished(environment, since, environment.sumOf).catch(() => 0),
      ),
    );
    const counted = counts.reduce((a, b) => a + b, 0);
    progress.update(Math.min(counted, all));
    if (counted > 0.9 * all && !isCalm) {
      isCalm = true;
      for (const { environment } of loads) environment.calm();
    }
    const idle = await Promise.all(loads.map(({ environment }) => environment.idle()));
    if (counted !== last) moved = Date.now();
    if (idle.includes(false) || counted !== last) quietSince = Date.now();
    last = counted;
    if (counted >= all && Date.now() - quietSince > 5_000) break;
    if (isCalm && Date.now() - quietSince > 90_000) break;
    await delay(1_000);
  }
  progress.stop();
}
