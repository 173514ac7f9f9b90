import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { openSource, type SourceRecord } from '#local/event-source-mapping/source.ts';
import { type EmulatedCloud, startEmulatedCloud } from '#test/cloud/emulated-cloud.ts';
import { exactSum } from '#test/cloud/exact-sum.ts';
import { type ChaosEnvironment, hurried } from './environment.ts';
import { type FaultsOptions, type Killable, startFaults } from './faults.ts';
import { putForeignItems } from './foreign-items.ts';
import type { PlannedEvent } from './plan.ts';
import { randomFrom } from './random.ts';

/** How an environment on the emulator is set up. */
export interface EmulatedOptions extends Pick<FaultsOptions, 'plan' | 'count'> {
  /** Models that its functions run; the bundled ones unless given. */
  readonly modelsDirectory?: string | undefined;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const BATCHES_AGAIN = 8;
const LARGEST_BATCH_AGAIN = 300;
/** What the inference function says where it hands records back. */
const HANDING_BACK = 'handing back the rest of the batch';

/**
 * Deploys the product on MiniStack, whose mappings deliver, with a faulty proxy between its functions and each service. What is
 * done to it can be done from outside; the other events of a plan do not happen here.
 */
export async function createEmulatedEnvironment(
  options: EmulatedOptions,
): Promise<ChaosEnvironment> {
  const { plan, count, modelsDirectory, signal, say } = options;
  let cloud: EmulatedCloud | undefined;
  const deployed = (): EmulatedCloud => {
    if (!cloud) throw new Error('the emulator does not run yet');
    return cloud;
  };
  const nameOf = (kind: Killable) => deployed().names[`${kind}Function`];

  async function kill(kind: Killable): Promise<void> {
    for (const pid of await deployed().processes(nameOf(kind))) endProcess(pid);
  }

  const faults = await startFaults({
    ...{ plan, count, kill },
    // The function hands back what fails twice in a row, and the emulator would not deliver it again.
    sparesRetries: true,
    target: () => deployed().endpoint,
  });
  const { kinesis, dynamodb, cloudwatch, s3 } = faults.endpoints;
  cloud = await startEmulatedCloud({
    ...{ signal, say },
    settings: {
      // So little work and so much time that nothing is handed back for want of it.
      inference: { timeoutSeconds: 300, mapping: { batchSize: 50, batchingWindowSeconds: 0 } },
      metrics: hurried.metrics,
    },
    emulator: {
      AWS_ENDPOINT_URL_KINESIS: kinesis,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
      AWS_ENDPOINT_URL_CLOUDWATCH: cloudwatch,
      AWS_ENDPOINT_URL_S3: s3,
      ...(modelsDirectory !== undefined && { SPANSTREAM_MODELS: modelsDirectory }),
    },
  }).catch(async (error: unknown) => {
    await faults.close();
    throw error;
  });
  const { names, clients } = cloud;

  async function redeliver(seed: number): Promise<void> {
    const random = randomFrom(seed);
    const [{ StreamDescriptionSummary }, { Table }] = await Promise.all([
      clients.kinesis.send(new DescribeStreamSummaryCommand({ StreamName: names.stream })),
      clients.dynamodb.send(new DescribeTableCommand({ TableName: names.resultsTable })),
    ]);
    for (const [kind, arn] of [
      ['inference', StreamDescriptionSummary?.StreamARN],
      ['metrics', Table?.LatestStreamArn],
    ] as const) {
      const records = await readAll(arn ?? '', clients);
      for (let batch = 0; batch < BATCHES_AGAIN; batch++) {
        const from = Math.floor(random() * records.length);
        const size = 1 + Math.floor(random() * LARGEST_BATCH_AGAIN);
        const Records = records.slice(from, from + size).map(({ event }) => event);
        // It may be throttled, killed or refuse: a mapping's delivery is what counts.
        if (Records.length > 0) await invoke(deployed().endpoint, nameOf(kind), { Records });
      }
    }
  }

  const happenings: Partial<Record<PlannedEvent['kind'], (at: number) => Promise<void>>> = {
    'kill-inference': () => kill('inference'),
    'kill-metrics': () => kill('metrics'),
    'redeliver-batches': (at) => redeliver(Math.floor(at * 1e9)),
    'foreign-items': (at) => putForeignItems(clients.dynamodb, names.resultsTable, at),
  };

  return {
    ...{ names, clients },
    faultyKinesis: kinesis,
    cloudwatch: cloud.endpoint,
    sumOf: exactSum,
    async happen({ kind, at }) {
      const happening = happenings[kind];
      if (!happening) return;
      count(`event ${kind}`);
      await happening(at);
    },
    // The emulator does not say how far its mappings are: what was counted must stand still.
    idle: async () => true,
    async conclude() {
      const lines = await logLines(deployed().endpoint, nameOf('inference'), HANDING_BACK);
      for (const line of lines) {
        count('emulator does not deliver again what is handed back');
        say(line);
      }
    },
    calm() {
      faults.state.calm = true;
    },
    async stop() {
      await deployed().close();
      await faults.close();
    },
  };
}

/** All records of a stream as a function gets them, shard by shard. */
async function readAll(
  arn: string,
  clients: Parameters<typeof openSource>[1],
): Promise<SourceRecord[]> {
  const source = await openSource(arn, clients);
  const all: SourceRecord[] = [];
  for (const { shardId } of await source.listShards()) {
    let iterator: string | undefined = await source.getIterator(shardId);
    while (iterator !== undefined) {
      const { records, next } = await source.getRecords(shardId, iterator, 1_000);
      all.push(...records);
      iterator = records.length > 0 ? next : undefined;
    }
  }
  return all;
}

/** Lines of a function's log that hold some words. */
async function logLines(endpoint: string, functionName: string, words: string): Promise<string[]> {
  const lines: string[] = [];
  for (let nextToken: string | undefined, more = true; more; more = nextToken !== undefined) {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Logs_20140328.FilterLogEvents',
      },
      body: JSON.stringify({ logGroupName: `/aws/lambda/${functionName}`, nextToken }),
    });
    const page = (await answer.json()) as { events?: { message: string }[]; nextToken?: string };
    nextToken = page.nextToken;
    const messages = (page.events ?? []).flatMap(({ message }) => message.split('\n'));
    lines.push(...messages.filter((message) => message.includes(words)));
  }
  return lines;
}

async function invoke(endpoint: string, functionName: string, event: unknown): Promise<void> {
  const url = `${endpoint}/2015-03-31/functions/${functionName}/invocations`;
  await fetch(url, { method: 'POST', body: JSON.stringify(event) }).then((answer) => answer.text());
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
