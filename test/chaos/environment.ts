import { setTimeout as delay } from 'node:timers/promises';
import { localClients } from '#local/cloud/clients.ts';
import { type Endpoints, serviceNames } from '#local/cloud/services.ts';
import { resourceNames } from '#shared/names.ts';
import { type Deployed, publishedSum } from '../../scripts/demo/books.ts';
import { startFaults } from './faults.ts';
import { putForeignItems } from './foreign-items.ts';
import { freePorts } from './free-ports.ts';
import type { FaultPlan, PlannedEvent } from './plan.ts';
import { reshard } from './reshard.ts';
import { type StackChild, startStackChild } from './stack-child.ts';

/** One environment with a faulty proxy in front of each service: here a local stack in a process of its own. */
export interface ChaosEnvironment extends Deployed {
  readonly names: Deployed['names'] & { readonly prefix: string };
  /** The faulty way to the stream; `clients` go past the proxies. */
  readonly faultyKinesis: string;
  readonly cloudwatch: string;
  /** Reads a metric, as its CloudWatch gives it. */
  readonly sumOf: typeof publishedSum;
  happen(event: PlannedEvent): Promise<void>;
  /** Whether all that had arrived by `since` (epoch milliseconds) is processed. */
  idle(since?: number): Promise<boolean>;
  /** Tells of what the environment itself is known to lose. */
  conclude(): Promise<void>;
  /** From now on nothing fails. */
  calm(): void;
  stop(): Promise<void>;
}

/** How an environment is set up. */
export interface EnvironmentOptions {
  readonly name: string;
  readonly directory: string;
  readonly bundleDirectory: string;
  readonly modelsDirectory?: string | undefined;
  readonly plan: FaultPlan;
  /** CloudWatch of another environment, used by this one too. */
  readonly cloudwatch?: string;
  /** Whether personal data is hidden before it is stored. */
  readonly hidesPersonalData?: boolean;
  /** Told of every fault that happened. */
  readonly count: (what: string) => void;
}

const TIMEOUT_SECONDS = 30;
const IDLE_READS_FAIL = 12;
/** Settings under which a short run meets all that a long one would. */
export const hurried = {
  inference: {
    timeoutSeconds: TIMEOUT_SECONDS,
    mapping: {
      batchSize: 200,
      batchingWindowSeconds: 0,
      startingPosition: 'LATEST',
      maximumRetryAttempts: -1,
      // Just under the stream's retention.
      maximumRecordAgeSeconds: 86_399,
    },
  },
  metrics: {
    timeoutSeconds: 20,
    readBackSeconds: 1,
    // Several batches of a shard at a time, so that publications get in each other's way.
    reservedConcurrency: 4,
    mapping: { batchSize: 500, batchingWindowSeconds: 1, parallelizationFactor: 4 },
  },
} as const;

/** Starts a local stack as an environment. */
export async function createEnvironment(options: EnvironmentOptions): Promise<ChaosEnvironment> {
  const { name, plan, count } = options;
  const names = resourceNames(name);
  let child: StackChild | undefined;
  const faults = await startFaults({
    ...{ plan, count },
    target: (service) => endpoints[service],
    kill: (target) => child?.order({ kind: 'kill', name: target }),
  });
  // Looked for when the proxies have theirs.
  const ports = await freePorts([...serviceNames, 'http'] as const);
  const own = serviceNames.map((service) => [service, `http://127.0.0.1:${ports[service]}`]);
  const elsewhere = options.cloudwatch === undefined ? {} : { cloudwatch: options.cloudwatch };
  const endpoints: Endpoints = { ...Object.fromEntries(own), ...elsewhere };
  const clients = localClients(endpoints);
  const { state } = faults;

  const isIdle = async (since?: number): Promise<boolean> => {
    const status = await child?.status(since).catch(() => undefined);
    return status?.idle === true;
  };

  async function start(): Promise<void> {
    const { directory, bundleDirectory, modelsDirectory } = options;
    child = await startStackChild({
      directory,
      bundleDirectory,
      settings: {
        ...hurried,
        environmentName: name,
        ...(options.hidesPersonalData && { results: { redact: { mode: 'hash' } } }),
      },
      ports,
      endpoints: elsewhere,
      proxies: faults.endpoints,
      ...(modelsDirectory !== undefined && { modelsDirectory }),
    });
  }

  /** Lets all be processed first, so that the reads which fail are those of a stream on which nothing arrives. */
  async function failIdleReads(): Promise<void> {
    const since = Date.now();
    // Poison cannot be parked while S3 is away: then nothing would become idle.
    while (!state.s3Down && !(await isIdle(since)) && Date.now() - since < 60_000) await delay(100);
    state.readsToFail = IDLE_READS_FAIL;
    while (state.readsToFail > 0 && Date.now() - since < 90_000) await delay(50);
  }

  const happenings: Record<PlannedEvent['kind'], (at: number) => unknown> = {
    'kill-inference': () => child?.order({ kind: 'kill', name: 'inference' }),
    'kill-metrics': () => child?.order({ kind: 'kill', name: 'metrics' }),
    'kill-workers': () => child?.order({ kind: 'kill', name: 'inference', signal: 'SIGUSR2' }),
    'redeliver-batches': (at) => child?.order({ kind: 'redeliver', seed: Math.floor(at * 1e9) }),
    'restart-stack': async () => {
      await child?.kill();
      await start();
    },
    's3-outage-begins': () => {
      state.s3Down = true;
    },
    's3-outage-ends': () => {
      state.s3Down = false;
    },
    'stall-dynamodb': () => {
      state.stalledUntil = Date.now() + (TIMEOUT_SECONDS + 5) * 1_000;
    },
    'split-shard': () => reshard(clients.kinesis, names.stream, 'split'),
    'merge-shards': () => reshard(clients.kinesis, names.stream, 'merge'),
    'fail-idle-reads': failIdleReads,
    'foreign-items': (at) => putForeignItems(clients.dynamodb, names.resultsTable, at),
  };

  async function stop(): Promise<void> {
    await child?.kill();
    await faults.close();
    clients.destroy();
  }

  await start().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    names,
    clients,
    faultyKinesis: faults.endpoints.kinesis,
    cloudwatch: endpoints.cloudwatch,
    sumOf: publishedSum,
    async happen({ kind, at }) {
      count(`event ${kind}`);
      await happenings[kind](at);
    },
    idle: isIdle,
    conclude: async () => undefined,
    calm() {
      state.calm = true;
    },
    stop,
  };
}
