import { setTimeout as delay } from 'node:timers/promises';
import { type LocalClients, localClients } from '#local/cloud/clients.ts';
import { type Endpoints, type ServiceName, serviceNames } from '#local/cloud/services.ts';
import { type ResourceNames, resourceNames } from '#shared/names.ts';
import { sumOf } from './books.ts';
import { putForeignItems } from './foreign-items.ts';
import { freePorts } from './free-ports.ts';
import type { FaultPlan, PlannedEvent, RequestFault, Service } from './plan.ts';
import { type FaultProxy, startFaultProxy } from './proxy.ts';
import { reshard } from './reshard.ts';
import { type StackChild, startStackChild } from './stack-child.ts';
import { REFUSED_SOURCE } from './workload.ts';

/** One environment: a local stack in a process of its own, with a faulty proxy in front of each service. */
export interface ChaosEnvironment {
  readonly names: ResourceNames;
  /** Clients past the proxies, and the faulty way to the stream. */
  readonly clients: LocalClients;
  readonly faultyKinesis: string;
  readonly cloudwatch: string;
  start(): Promise<void>;
  happen(event: PlannedEvent): Promise<void>;
  /** Whether all that had arrived by `since` (epoch milliseconds) is processed. */
  idle(since?: number): Promise<boolean>;
  /** Records that its metrics count. */
  counted(since: Date): Promise<number>;
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
const settingsOf = (environmentName: string, hidesPersonalData: boolean) => ({
  environmentName,
  ...(hidesPersonalData && { results: { redact: { mode: 'hash' } } }),
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
    // Several batches of a shard at a time, and so several publications that get in each other's way.
    mapping: { batchSize: 500, batchingWindowSeconds: 1, parallelizationFactor: 4 },
  },
});

/** Makes an environment; `start` it first. */
export async function createEnvironment(options: EnvironmentOptions): Promise<ChaosEnvironment> {
  const { name, plan, count } = options;
  const names = resourceNames(name);
  const ports = await freePorts([...serviceNames, 'http'] as const);
  const own = serviceNames.map((service) => [service, `http://127.0.0.1:${ports[service]}`]);
  const elsewhere = options.cloudwatch === undefined ? {} : { cloudwatch: options.cloudwatch };
  const endpoints: Endpoints = { ...Object.fromEntries(own), ...elsewhere };
  const clients = localClients(endpoints);
  const requests = new Map<string, number>();
  let child: StackChild | undefined;
  let isCalm = false;
  let isS3Down = false;
  let stalledUntil = 0;
  let readsToFail = 0;

  function decide(service: Service, operation: string, body: Buffer): RequestFault | undefined {
    const key = `${service}:${operation}`;
    const n = requests.get(key) ?? 0;
    requests.set(key, n + 1);
    // Never taken, calm or not, as a datum that is wrong is never taken.
    if (operation === 'PutMetricData' && body.includes(REFUSED_SOURCE)) return 'refuse';
    if (isCalm) return undefined;
    if (service === 's3' && isS3Down && operation === 'PutObject') return 'internal-error';
    if (operation === 'BatchWriteItem' && Date.now() < stalledUntil) return 'delay';
    if (service === 'kinesis' && operation === 'GetRecords' && readsToFail > 0) {
      readsToFail -= 1;
      return readsToFail % 2 === 0 ? 'internal-error' : 'expired-iterator';
    }
    return plan.faultFor(service, operation, n);
  }

  const proxies = Object.fromEntries(
    await Promise.all(
      serviceNames.map(async (service) => [
        service,
        await startFaultProxy({
          service,
          target: () => endpoints[service],
          decide: (operation, body) => decide(service, operation, body),
          onFault: (operation, fault) => count(`${service} ${operation} ${fault}`),
          kill: (operation) => child?.order({ kind: 'kill', name: killTarget(service, operation) }),
        }),
      ]),
    ),
  ) as Record<ServiceName, FaultProxy>;

  const isIdle = async (since?: number): Promise<boolean> => {
    const status = await child?.status(since).catch(() => undefined);
    return status?.idle === true;
  };

  async function start(): Promise<void> {
    const { directory, bundleDirectory, modelsDirectory } = options;
    child = await startStackChild({
      directory,
      bundleDirectory,
      settings: settingsOf(name, options.hidesPersonalData ?? false),
      ports,
      endpoints: elsewhere,
      proxies: Object.fromEntries(serviceNames.map((one) => [one, proxies[one].endpoint])),
      ...(modelsDirectory !== undefined && { modelsDirectory }),
    });
  }

  /** Lets all be processed first, so that the reads which fail are those of a stream on which nothing arrives. */
  async function failIdleReads(): Promise<void> {
    const since = Date.now();
    // Poison cannot be parked while S3 is away: then nothing would become idle.
    while (!isS3Down && !(await isIdle(since)) && Date.now() - since < 60_000) await delay(100);
    readsToFail = IDLE_READS_FAIL;
    while (readsToFail > 0 && Date.now() - since < 90_000) await delay(50);
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
      isS3Down = true;
    },
    's3-outage-ends': () => {
      isS3Down = false;
    },
    'stall-dynamodb': () => {
      stalledUntil = Date.now() + (TIMEOUT_SECONDS + 5) * 1_000;
    },
    'split-shard': () => reshard(clients.kinesis, names.stream, 'split'),
    'merge-shards': () => reshard(clients.kinesis, names.stream, 'merge'),
    'fail-idle-reads': failIdleReads,
    'foreign-items': (at) => putForeignItems(clients.dynamodb, names.resultsTable, at),
  };

  return {
    names,
    clients,
    faultyKinesis: proxies.kinesis.endpoint,
    cloudwatch: endpoints.cloudwatch,
    start,
    async happen({ kind, at }) {
      count(`event ${kind}`);
      await happenings[kind](at);
    },
    idle: isIdle,
    async counted(since) {
      const sums = await Promise.all(
        ['RecordsProcessed', 'RecordsRejected'].map((metric) =>
          sumOf(clients.cloudwatch, names.metricsNamespace, metric, since),
        ),
      );
      return sums.reduce((a, b) => a + b, 0);
    },
    calm() {
      isCalm = true;
    },
    async stop() {
      await child?.kill();
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
      clients.destroy();
    },
  };
}

function killTarget(service: Service, operation: string): 'inference' | 'metrics' {
  const isMetrics = service === 'cloudwatch' || ['UpdateItem', 'PutItem'].includes(operation);
  return isMetrics ? 'metrics' : 'inference';
}
