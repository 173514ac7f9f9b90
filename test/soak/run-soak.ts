import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type LocalClients, localClients } from '#local/cloud/clients.ts';
import { createProducer } from '#producers/index.ts';
import { createProgress, type Progress } from '#shared/cli/progress.ts';
import { resourceNames } from '#shared/names.ts';
import { type AuditReport, audit } from '#test/chaos/audit.ts';
import { type StackChild, startStackChild } from '#test/chaos/stack-child.ts';
import { drawWorkload, takeRecords } from '#test/chaos/workload.ts';
import { createBacklog } from './backlog.ts';
import { type Judgement, judge, type Sample } from './judge.ts';
import { residentMb } from './memory.ts';

/** How a soak run is set up. */
export interface SoakOptions {
  readonly seconds: number;
  /** Records a second. */
  readonly rate: number;
  readonly seed: number;
  readonly texts: readonly string[];
  readonly modelsDirectory?: string;
  /** Ends the run early; what was put until then is awaited and audited. */
  readonly signal: AbortSignal;
}

/** What a soak run did and what it found. */
export interface SoakOutcome {
  readonly put: number;
  /** Seconds from the first record put to the last. */
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly report: AuditReport;
  readonly judgement: Judgement;
}

const settings = { environmentName: 'soak' };
const names = resourceNames(settings.environmentName);
const DRAIN_PATIENCE_MS = 600_000;

/** Puts records at a steady rate on a stack in a temporary folder, samples its memory and lag, and audits what is left. */
export async function runSoak(options: SoakOptions): Promise<SoakOutcome> {
  const directory = await mkdtemp(join(tmpdir(), 'spanstream-soak-'));
  const closers: (() => unknown)[] = [
    () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  ];
  try {
    const { modelsDirectory } = options;
    const stack = await startStackChild({
      directory,
      settings,
      ...(modelsDirectory !== undefined && { modelsDirectory }),
    });
    closers.push(stack.close);
    const clients = localClients(stack.endpoints);
    closers.push(clients.destroy);

    const since = new Date();
    const { put, samples } = await produce(options, stack, clients);
    const seconds = (Date.now() - since.getTime()) / 1_000;
    await drain(stack);
    const report = await audit(takeRecords(draw(options), put), clients, names, since);
    const interrupted = options.signal.aborted;
    return { put, seconds, interrupted, report, judgement: judge(samples) };
  } finally {
    for (const closer of closers.reverse()) await closer();
  }
}

const draw = ({ seed, texts }: SoakOptions) => drawWorkload({ seed, texts, name: 'soak' });

async function produce(options: SoakOptions, stack: StackChild, clients: LocalClients) {
  const { seconds, rate } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
  const producer = createProducer({ client: clients.kinesis, streamName: names.stream });
  const progress = createProgress({ label: 'soak', total: Math.round(seconds), unit: 's' });
  const workload = draw(options);
  const backlog = createBacklog();
  const samples: Sample[] = [];
  const started = Date.now();
  const elapsed = () => (Date.now() - started) / 1_000;
  let put = 0;

  async function putAll(): Promise<void> {
    const total = Math.round(seconds * rate);
    while (put < total && !signal.aborted) {
      const due = Math.min(total, Math.floor(elapsed() * rate)) - put;
      if (due > 0) {
        backlog.put(due, Date.now());
        put += due;
        await producer.putBlobs([...takeRecords(workload, due)], { signal: ending.signal });
      }
      await pause(100);
    }
    ending.abort();
  }

  async function sampleAll(): Promise<void> {
    const everyMs = Math.min(5_000, Math.max(250, seconds * 10));
    while (!signal.aborted) {
      const sample = await takeSample(stack, backlog.lag, elapsed);
      samples.push(sample);
      show(progress, sample, put);
      await pause(everyMs);
    }
  }

  try {
    await Promise.all([putAll(), sampleAll()]);
  } finally {
    ending.abort();
    progress.stop();
  }
  return { put, samples };
}

async function takeSample(
  stack: StackChild,
  lagOf: (settled: number, now: number) => number,
  elapsed: () => number,
): Promise<Sample> {
  const { settled, pids } = await stack.status(0);
  const lagMs = lagOf(settled, Date.now());
  const processes = Object.entries(pids).flatMap(([process, all]) =>
    all.map((pid) => ({ process, pid })),
  );
  const memory = await Promise.all(
    processes.map(async (one) => ({ ...one, mb: (await residentMb(one.pid)) ?? Number.NaN })),
  );
  return { at: elapsed(), lagMs, memory: memory.filter(({ mb }) => !Number.isNaN(mb)) };
}

function show(progress: Progress, { at, lagMs, memory }: Sample, put: number): void {
  const held = memory.map(({ process, mb }) => `${process} ${mb.toFixed(0)}`).join(', ');
  progress.update(
    Math.floor(at),
    `| put ${put}, ${(lagMs / 1_000).toFixed(1)} s behind | MB: ${held}`,
  );
}

/** Waits until all that is on the stream is stored, and then until all that is stored is counted. */
async function drain(stack: StackChild): Promise<void> {
  const deadline = Date.now() + DRAIN_PATIENCE_MS;
  for (const _ of ['stored', 'counted']) {
    const since = Date.now();
    while (!(await stack.status(since)).idle && Date.now() < deadline) await delay(200);
  }
}
