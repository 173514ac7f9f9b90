import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { modelsSchema } from '#shared/contracts/models.ts';
import { parseSettings } from '#shared/settings.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { type Clients, clientsOf } from './support/clients.ts';
import { type Folders, makeFolders } from './support/folders.ts';

const TEXTS = 200;
const settings = parseSettings({
  environmentName: 'drift',
  inference: { mapping: { batchingWindowSeconds: 0 } },
  metrics: { mapping: { batchingWindowSeconds: 0 }, drift: { texts: TEXTS } },
});
const modelsDirectory = fileURLToPath(new URL('../../models', import.meta.url));
const fixtures = new URL('../../fixtures/texts/records.jsonl', import.meta.url);

const lines = (await readFile(fixtures, 'utf8')).trimEnd().split('\n');
const linesOf = (source: string) => lines.filter((line) => JSON.parse(line).source === source);
const encyclopedia = linesOf('encyclopedia');

describe('the drift of a stream', () => {
  let folders: Folders;
  let stack: LocalStack;
  let clients: Clients;
  beforeAll(async () => {
    folders = await makeFolders();
    stack = await startLocalStack({ ...folders, settings, modelsDirectory });
    clients = clientsOf(stack.environment);
  }, 120_000);
  afterAll(async () => {
    clients?.destroy();
    vi.unstubAllEnvs();
    await stack?.close();
    await folders?.remove();
  });

  /** Puts texts, and waits until all are counted. */
  async function stream(texts: readonly string[]): Promise<void> {
    const since = Date.now();
    for (let at = 0; at < texts.length; at += 500) {
      const Records = texts.slice(at, at + 500).map((line) => ({
        ...{ Data: Buffer.from(line), PartitionKey: JSON.parse(line).id as string },
      }));
      const StreamName = stack.names.stream;
      await clients.kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    }
    await waitFor(async () => stack.idle(since) || undefined, {
      ...{ what: 'all to be counted', timeoutMs: 300_000 },
    });
  }

  /** What the API says of entities, and what was published last. */
  async function driftNow() {
    const answer = await fetch(`${stack.endpoints.http}/v1/models`);
    const { drift } = modelsSchema.parse(await answer.json());
    const published = await clients.cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace: stack.names.metricsNamespace,
        MetricName: 'Drift',
        Dimensions: [{ Name: 'Task', Value: 'entities' }],
        StartTime: new Date(Date.now() - 3_600_000),
        EndTime: new Date(Date.now() + 60_000),
        Period: 60,
        Statistics: ['Minimum', 'Maximum'],
      }),
    );
    const entities = drift.find(({ task }) => task === 'entities') ?? expect.fail('no entities');
    return { entities, published: published.Datapoints ?? [] };
  }

  it('is low of texts of the same kind, and over 0.25 of another kind', async () => {
    // Act: every other text of one source is like those between them.
    await stream(encyclopedia.filter((_, at) => at % 2 === 0).slice(0, TEXTS));
    const reference = await driftNow();
    await stream(encyclopedia.filter((_, at) => at % 2 === 1).slice(0, TEXTS));
    const alike = await driftNow();
    await stream(linesOf('tweets'));
    const other = await driftNow();

    // Assess
    expect(reference.published).toEqual([]);
    expect(reference.entities).toMatchObject({
      value: null,
      reference: { texts: TEXTS, wanted: TEXTS },
      present: { texts: 0 },
    });
    expect(alike.entities).toMatchObject({ present: { texts: TEXTS } });
    expect(alike.entities.value).toBeLessThan(0.1);
    expect(other.entities.value).toBeGreaterThan(0.25);
    const shareOf = (label: string) => other.entities.labels.find((one) => one.label === label);
    expect(shareOf('(none)')?.present).toBeGreaterThan(2 * (shareOf('(none)')?.reference ?? 1));
    // Of too few texts nothing was published, and the last publication says what the API says.
    const values = other.published.flatMap(({ Minimum = 0, Maximum = 0 }) => [Minimum, Maximum]);
    expect(Math.max(...values)).toBeGreaterThan(0.25);
    expect(Math.min(...values)).toBeLessThan(0.1);
    expect(values).toContain(other.entities.value);
  }, 600_000);
});
