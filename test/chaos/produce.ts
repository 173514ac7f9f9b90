import { setTimeout as delay } from 'node:timers/promises';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createProgress } from '#shared/cli/progress.ts';
import type { ChaosEnvironment } from './environment.ts';
import type { PlannedEvent } from './plan.ts';
import { isAggregated, type WorkloadRecord } from './workload.ts';

const BATCH = 100;

/** What is put on an environment's stream, and what happens to it meanwhile. */
export interface Load {
  readonly environment: ChaosEnvironment;
  readonly total: number;
  readonly draw: () => Iterable<WorkloadRecord>;
  readonly events: readonly PlannedEvent[];
}

const recordsOf = ({ expected }: WorkloadRecord): number =>
  isAggregated(expected) ? expected.length : 1;

/** Puts everything through the faulty proxy, retrying what failed, while the plan's events come due. */
export async function produce({ environment, total, draw, events }: Load, signal: AbortSignal) {
  const client = new KinesisClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    endpoint: environment.faultyKinesis,
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  });
  const { prefix, stream } = environment.names;
  const progress = createProgress({ label: `${prefix} produced`, total, unit: 'records' });
  const due = [...events];
  let done = 0;
  async function putAll(batch: readonly WorkloadRecord[]): Promise<void> {
    done += batch.reduce((sum, record) => sum + recordsOf(record), 0);
    for (let left = batch; left.length > 0; ) {
      signal.throwIfAborted();
      left = await putOnce(client, stream, left);
      await delay(left.length > 0 ? 50 : 20);
    }
    progress.update(done);
  }
  async function happen(): Promise<void> {
    while (due[0] !== undefined && due[0].at <= done / total) {
      await environment.happen(due.shift() as PlannedEvent);
    }
  }
  try {
    await happen();
    let batch: WorkloadRecord[] = [];
    for (const record of draw()) {
      if (batch.push(record) < BATCH) continue;
      await putAll(batch);
      batch = [];
      await happen();
    }
    await putAll(batch);
    await happen();
  } finally {
    progress.stop();
    client.destroy();
  }
}

/** Puts a batch once and gives back what has to be put again. */
async function putOnce(
  client: KinesisClient,
  StreamName: string,
  batch: readonly WorkloadRecord[],
): Promise<readonly WorkloadRecord[]> {
  const Records = batch.map(({ partitionKey: PartitionKey, data: Data }) => ({
    PartitionKey,
    Data,
  }));
  try {
    const answer = await client.send(new PutRecordsCommand({ StreamName, Records }));
    return batch.filter((_, index) => answer.Records?.[index]?.ErrorCode !== undefined);
  } catch {
    return batch;
  }
}
