import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamSummaryCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createProgress } from '#shared/cli/progress.ts';
import { resourceNames } from '#shared/names.ts';
import { aggregateSome, recordsIn } from './aggregate-some.ts';
import { type AuditClients, type AuditReport, audit, sumOf } from './audit.ts';
import type { FaultPlan, PlannedEvent, RequestFault, Service } from './plan.ts';
import { type FaultProxy, startFaultProxy } from './proxy.ts';
import type { StackNews, StackOptions, StackOrder } from './stack-process.ts';
import { drawWorkload, takeRecords, type WorkloadRecord } from './workload.ts';

/** What a chaos run did and what its audit found. */
export interface ChaosOutcome {
  readonly produced: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly report: AuditReport;
  readonly seconds: number;
}

/** How a chaos run is set up. */
export interface ChaosOptions {
  readonly records: number;
  readonly plan: FaultPlan;
  readonly texts: readonly string[];
  readonly modelsDirectory?: string;
  readonly keep?: boolean;
  /** Longest wait until everything that was put is processed, in seconds. */
  readonly patienceSeconds?: number;
}

const services: readonly Service[] = ['kinesis', 'dynamodb', 'cloudwatch', 's3'];
const settings = {
  environmentName: 'chaos',
  inference: {
    timeoutSeconds: 30,
    mapping: {
      batchSize: 200,
      batchingWindowSeconds: 0,
      maximumRetryAttempts: -1,
      maximumRecordAgeSeconds: -1,
    },
  },
  metrics: {
    timeoutSeconds: 20,
    readBackSeconds: 1,
    mapping: { batchSize: 500, batchingWindowSeconds: 1 },
  },
};

/** Runs the whole stack under the plan's faults, waits until it is quiet, and audits it. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const started = Date.now();
  const directory = await mkdtemp(join(tmpdir(), 'spanstream-chaos-'));
  const run = new ChaosRun(options, directory);
  try {
    await run.start();
    const draw = drawWorkload({ seed: options.plan.seed, texts: options.texts });
    const workload = aggregateSome(takeRecords(draw, options.records));
    await run.produce(workload);
    await run.settle(workload);
    const report = await audit(workload, run.clients, {
      stream: run.names.stream,
      table: run.names.resultsTable,
      bucket: run.names.failuresBucket,
      since: new Date(started),
    });
    return {
      produced: recordsIn(workload),
      faults: run.faults,
      report,
      seconds: Math.round((Date.now() - started) / 100) / 10,
    };
  } finally {
    await run.stop();
    if (options.keep === true) process.stderr.write(`kept ${directory}\n`);
    else await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

class ChaosRun {
  readonly names = resourceNames(settings.environmentName);
  readonly faults: Record<string, number> = {};
  clients!: AuditClients; // set by start(), before anything else may be called
  private readonly options: ChaosOptions;
  private readonly directory: string;
  private readonly counts = new Map<string, number>();
  private readonly proxies = new Map<Service, FaultProxy>();
  private ports!: NonNullable<StackOptions['ports']>; // set by start()
  private child: ChildProcess | undefined;
  private calm = false;
  private s3Down = false;
  private stalledUntil = 0;

  constructor(options: ChaosOptions, directory: string) {
    this.options = options;
    this.directory = directory;
  }

  async start(): Promise<void> {
    const [kinesis, dynamodb, cloudwatch, s3, http] = await freePorts(5);
    this.ports = { kinesis, dynamodb, cloudwatch, s3, http } as NonNullable<StackOptions['ports']>;
    for (const service of services) {
      this.proxies.set(
        service,
        await startFaultProxy({
          service,
          target: () => this.endpointOf(service),
          decide: (operation) => this.decide(service, operation),
          onFault: (operation, fault) => this.count(`${service} ${operation} ${fault}`),
          kill: (operation) => this.order({ kind: 'kill', name: killTarget(service, operation) }),
        }),
      );
    }
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const common = { region: 'us-east-1', credentials, maxAttempts: 8 };
    const requestHandler = new NodeHttpHandler();
    this.clients = {
      kinesis: new KinesisClient({
        ...common,
        endpoint: this.endpointOf('kinesis'),
        requestHandler,
      }),
      dynamodb: new DynamoDBClient({ ...common, endpoint: this.endpointOf('dynamodb') }),
      cloudwatch: new CloudWatchClient({ ...common, endpoint: this.endpointOf('cloudwatch') }),
      s3: new S3Client({ ...common, endpoint: this.endpointOf('s3'), forcePathStyle: true }),
    };
    await this.startStack();
  }

  async stop(): Promise<void> {
    await this.killStack();
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.close()));
  }

  /** Puts everything through the faulty proxy, retrying what failed, while the plan's events come due. */
  async produce(workload: readonly WorkloadRecord[]): Promise<void> {
    const client = new KinesisClient({
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      endpoint: this.proxies.get('kinesis')?.endpoint ?? '',
      requestHandler: new NodeHttpHandler(),
      maxAttempts: 1,
    });
    const progress = createProgress({ label: 'produced', total: workload.length, unit: 'blobs' });
    const events = [...this.options.plan.events];
    let done = 0;
    while (done < workload.length) {
      let batch = workload.slice(done, done + 100);
      done += batch.length;
      while (batch.length > 0) {
        batch = await putOnce(client, this.names.stream, batch);
        if (batch.length > 0) await pause(50);
      }
      progress.update(done);
      while (events[0] !== undefined && events[0].at <= done / workload.length) {
        await this.happen(events.shift() as PlannedEvent);
      }
      await pause(20);
    }
    progress.stop();
    client.destroy();
  }

  /** Lifts the faults and waits until every result is in and the metrics have stopped moving. */
  async settle(workload: readonly WorkloadRecord[]): Promise<void> {
    this.s3Down = false;
    const patience = (this.options.patienceSeconds ?? 1_800) * 1_000;
    const deadline = Date.now() + patience;
    const total = recordsIn(workload);
    const progress = createProgress({ label: 'counted', total, unit: 'records' });
    let quietSince = 0;
    let last = -1;
    while (Date.now() < deadline) {
      const counted = await this.counted();
      progress.update(Math.min(counted, total));
      // The last tenth runs without faults, so that the end is bounded; everything before ran with them.
      if (counted > 0.9 * total) this.calm = true;
      const idle = await this.idle();
      if (!idle || counted !== last) quietSince = Date.now();
      last = counted;
      if (counted >= total && Date.now() - quietSince > 5_000) break;
      if (this.calm && Date.now() - quietSince > 90_000) break;
      await pause(1_000);
    }
    progress.stop();
  }

  private async counted(): Promise<number> {
    const since = new Date(Date.now() - 3 * 3_600_000);
    const sums = await Promise.all(
      ['RecordsProcessed', 'RecordsRejected'].map((name) =>
        sumOf(this.clients.cloudwatch, name, since),
      ),
    );
    return sums.reduce((a, b) => a + b, 0);
  }

  private decide(service: Service, operation: string): RequestFault | undefined {
    const key = `${service}:${operation}`;
    const n = this.counts.get(key) ?? 0;
    this.counts.set(key, n + 1);
    if (service === 's3' && this.s3Down && operation === 'PutObject') return 'internal-error';
    if (service === 'dynamodb' && operation === 'BatchWriteItem' && Date.now() < this.stalledUntil)
      return 'delay';
    return this.calm ? undefined : this.options.plan.faultFor(service, operation, n);
  }

  private async happen(event: PlannedEvent): Promise<void> {
    this.count(`event ${event.kind}`);
    switch (event.kind) {
      case 'kill-inference':
        return this.order({ kind: 'kill', name: 'inference' });
      case 'kill-metrics':
        return this.order({ kind: 'kill', name: 'metrics' });
      case 'redeliver-batches':
        return this.order({ kind: 'redeliver', seed: Math.floor(event.at * 1e9) });
      case 'restart-stack':
        await this.killStack();
        return this.startStack();
      case 's3-outage-begins':
        this.s3Down = true;
        return;
      case 's3-outage-ends':
        this.s3Down = false;
        return;
      case 'stall-dynamodb':
        // Longer than the function's time-out, so that a delivery runs into it.
        this.stalledUntil = Date.now() + (settings.inference.timeoutSeconds + 5) * 1_000;
        return;
      case 'split-shard':
        return this.reshard('split');
      case 'merge-shards':
        return this.reshard('merge');
    }
  }

  private async reshard(how: 'split' | 'merge'): Promise<void> {
    const { kinesis } = this.clients;
    const StreamName = this.names.stream;
    await waitFor(async () => {
      const summary = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
      return summary.StreamDescriptionSummary?.StreamStatus === 'ACTIVE';
    }, 30_000);
    const listed = await kinesis.send(new ListShardsCommand({ StreamName }));
    const open = (listed.Shards ?? [])
      .filter((shard) => shard.SequenceNumberRange?.EndingSequenceNumber === undefined)
      .map((shard) => ({
        id: shard.ShardId,
        from: BigInt(shard.HashKeyRange?.StartingHashKey ?? 0),
        to: BigInt(shard.HashKeyRange?.EndingHashKey ?? 0),
      }))
      .sort((a, b) => (a.from < b.from ? -1 : 1));
    const [first, second] = open;
    if (how === 'split' && first !== undefined) {
      const middle = first.from + (first.to - first.from) / 2n;
      await kinesis.send(
        new SplitShardCommand({
          StreamName,
          ShardToSplit: first.id,
          NewStartingHashKey: String(middle),
        }),
      );
    } else if (how === 'merge' && first !== undefined && second !== undefined) {
      await kinesis.send(
        new MergeShardsCommand({
          StreamName,
          ShardToMerge: first.id,
          AdjacentShardToMerge: second.id,
        }),
      );
    }
  }

  private endpointOf(service: Service): string {
    return `http://127.0.0.1:${this.ports[service]}`;
  }

  private async startStack(): Promise<void> {
    const { modelsDirectory } = this.options;
    const stack: StackOptions = {
      directory: this.directory,
      settings,
      ports: this.ports,
      proxies: Object.fromEntries(
        [...this.proxies].map(([service, proxy]) => [service, proxy.endpoint]),
      ),
      ...(modelsDirectory === undefined ? {} : { modelsDirectory }),
    };
    const child = fork(new URL('./stack-process.ts', import.meta.url), {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, CHAOS_STACK: JSON.stringify(stack) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) =>
        reject(new Error(`the stack ended with ${code} before it was ready`)),
      );
      child.on('message', (news: StackNews) => {
        if (news.kind === 'ready') resolve();
      });
    });
    child.removeAllListeners('exit');
  }

  private async killStack(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    this.child = undefined;
  }

  private order(order: StackOrder): void {
    if (this.child?.connected === true) this.child.send(order);
  }

  private async idle(): Promise<boolean> {
    const { child } = this;
    if (child?.connected !== true) return false;
    const answer = new Promise<boolean>((resolve) => {
      const listen = (news: StackNews) => {
        if (news.kind !== 'status') return;
        child.off('message', listen);
        resolve(news.idle);
      };
      child.on('message', listen);
    });
    this.order({ kind: 'status' });
    return answer;
  }

  private count(what: string): void {
    this.faults[what] = (this.faults[what] ?? 0) + 1;
  }
}

function killTarget(service: Service, operation: string): 'inference' | 'metrics' {
  return service === 'cloudwatch' || operation === 'UpdateItem' || operation === 'PutItem'
    ? 'metrics'
    : 'inference';
}

/** Puts a batch once and gives back what has to be put again. */
async function putOnce(client: KinesisClient, stream: string, batch: readonly WorkloadRecord[]) {
  try {
    const answer = await client.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: batch.map(({ partitionKey, data }) => ({
          PartitionKey: partitionKey,
          Data: data,
        })),
      }),
    );
    return batch.filter((_, index) => answer.Records?.[index]?.ErrorCode !== undefined);
  } catch {
    return [...batch];
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function waitFor(condition: () => Promise<boolean>, limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`a condition did not hold within ${limitMs} ms`);
    await pause(100);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
