import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GetMetricDataCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSettings } from '#shared/settings.ts';
import { startLocalStack } from '#stacks/local/stack.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { clientsOf } from './support/clients.ts';
import { type Folders, makeFolders, tinyModels } from './support/folders.ts';

const settings = parseSettings({
  environmentName: 'hidden',
  logLevel: 'debug',
  results: { redact: { mode: 'hash' } },
  inference: { mapping: { batchingWindowSeconds: 0 } },
  metrics: {
    mapping: { batchingWindowSeconds: 0 },
    countedByName: { personalDataKinds: ['EMAIL'] },
  },
});
const secrets = ['grace.hopper@example.com', '4111 1111 1111 1111', '192.168.17.23'];
const [mail, card, address] = secrets as [string, string, string];
const records = [
  { id: 'one', text: `Write to ${mail} from ${address}.`, attributes: { from: mail } },
  { id: 'two', text: `Card ${card} belongs to ${mail}.`, questions: [`Who is ${mail}?`] },
  { id: 'bad', text: `Write to ${mail}.`, [mail]: 'a field that no record has' },
];

describe('a stack that hides personal data', () => {
  let folders: Folders;
  beforeAll(async () => {
    folders = await makeFolders();
  });
  afterAll(() => folders?.remove());

  /** Puts the records, waits until all are settled, and reads everything that the stack shows. */
  async function run() {
    const stack = await startLocalStack({ ...folders, settings, modelsDirectory: tinyModels });
    const { kinesis, dynamodb, cloudwatch, s3, destroy } = clientsOf(stack.environment);
    try {
      const since = Date.now();
      for (const record of records) {
        const Data = Buffer.from(JSON.stringify(record));
        await kinesis.send(
          new PutRecordCommand({ StreamName: stack.names.stream, Data, PartitionKey: 'k' }),
        );
      }
      await waitFor(async () => stack.idle(since) || undefined, {
        what: 'all to be processed',
        timeoutMs: 120_000,
      });
      const scan = new ScanCommand({ TableName: stack.names.resultsTable });
      const { Items = [] } = await dynamodb.send(scan);
      const { Metrics = [] } = await cloudwatch.send(new ListMetricsCommand({}));
      const data = await cloudwatch.send(
        new GetMetricDataCommand({
          StartTime: new Date(since - 3_600_000),
          EndTime: new Date(since + 3_600_000),
          MetricDataQueries: [
            {
              Id: 'mails',
              MetricStat: {
                Metric: {
                  Namespace: stack.names.metricsNamespace,
                  MetricName: 'PersonalDataFound',
                  Dimensions: [{ Name: 'Kind', Value: 'EMAIL' }],
                },
                Period: 86_400,
                Stat: 'Sum',
              },
            },
          ],
        }),
      );
      const Bucket = stack.names.failuresBucket;
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
      const parked = await Promise.all(
        Contents.map(async ({ Key }) => {
          const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
          return object.Body?.transformToString();
        }),
      );
      const answer = await fetch(`${stack.endpoints.http}/v1/records/one`);
      return {
        items: Items.map((item) => unmarshall(item)),
        shown: JSON.stringify([Items, Metrics, await answer.json()]),
        mails: data.MetricDataResults?.[0]?.Values,
        parked: parked.map((object) => JSON.parse(object ?? '{}') as { data: string }),
      };
    } finally {
      destroy();
      await stack.close();
    }
  }

  it('shows none of it in the table, the metrics, the API or the logs, and the same tags when it is started again', async () => {
    // Act
    const first = await run();
    const second = await run();

    // Assess
    const written = await textsIn(join(folders.directory, 'logs'));
    expect(written.length).toBeGreaterThan(0);
    for (const secret of secrets) {
      expect(first.shown).not.toContain(secret);
      expect(written.join('\n')).not.toContain(secret);
    }
    expect(first.mails).toEqual([2]);
    expect(first.items.map(({ pk }) => pk).sort()).toEqual([
      'REC#one',
      'REC#two',
      expect.stringMatching(/^REJ#/),
    ]);
    const tags = first.items.flatMap(
      ({ text = '' }) => text.match(/\[EMAIL:[0-9a-f]{12}\]/)?.[0] ?? [],
    );
    expect(tags).toHaveLength(2);
    expect(new Set(tags).size).toBe(1);
    const { message } = first.items.find(({ pk }) => pk.startsWith('REJ#')) ?? {};
    expect(message).toBe('(name hidden) is not a known field');
    // The key was kept: what is put again lies where it lay.
    const results = ({ items }: typeof first) =>
      items.filter(({ pk }) => pk.startsWith('REC#')).map(({ pk, sk, text }) => [pk, sk, text]);
    expect(results(second)).toEqual(results(first));
  }, 240_000);

  it('keeps what is parked whole, so that it can be redriven', async () => {
    const { parked } = await run();

    const texts = parked.map(({ data }) => Buffer.from(data, 'base64').toString());
    expect(texts[0]).toContain(mail);
  }, 120_000);
});

/** Contents of the files in a folder. */
async function textsIn(folder: string): Promise<string[]> {
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  const files = [];
  for (const path of paths) if ((await stat(path)).isFile()) files.push(path);
  return Promise.all(files.map((path) => readFile(path, 'utf8')));
}
