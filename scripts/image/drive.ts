import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { createLocalCloud } from '#local/cloud/local-cloud.ts';
import { openSource } from '#local/event-source-mapping/source.ts';
import { httpRoutes } from '#shared/contracts/http-api.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { functionEnvironments } from '#shared/function-environment.ts';
import { resourceNames } from '#shared/names.ts';
import { parseSettings } from '#shared/settings.ts';
import { startApiGateway } from '#stacks/local/api-gateway/index.ts';
import { provision } from '#stacks/local/provision.ts';
import type { Buildah } from './buildah.ts';
import { invokeContainer } from './run-function.ts';

const TEXT = 'Angela Merkel met the board of Siemens in Munich on Tuesday.';
const TIMEOUT_SECONDS = 120;

function expect(what: string, actual: unknown, wanted: unknown): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (left !== right) throw new SpanstreamError('image-failed', `${what}: ${left}, not ${right}`);
}

async function entryPointOf(buildah: Buildah, image: string) {
  const inspected = JSON.parse(await buildah.run('inspect', '--type', 'image', image));
  const { Entrypoint = [], Cmd = [] } = inspected.OCIv1.config;
  return { entrypoint: Entrypoint as string[], command: Cmd as string[] };
}

/**
 * Runs the image's functions on a local cloud, the one on records of a stream and the other behind an API, and checks what comes
 * of it.
 */
export async function driveImage(
  buildah: Buildah,
  container: string,
  image: string,
  folder: string,
) {
  const settings = parseSettings({ environmentName: 'image', stream: { shards: 1 } });
  const names = resourceNames(settings.environmentName);
  const environments = functionEnvironments(settings, names);
  const { entrypoint, command } = await entryPointOf(buildah, image);
  expect('the image’s command', command, ['dist/inference/index.handler']);
  const cloud = await createLocalCloud({ directory: join(folder, 'cloud') });
  const invoke = (kind: 'inference' | 'http', event: unknown) => {
    const options = {
      container,
      command: [...entrypoint, `dist/${kind}/index.handler`],
      environment: { ...cloud.environment, ...environments[kind] },
      timeoutSeconds: TIMEOUT_SECONDS,
    };
    return invokeContainer(buildah, options, event);
  };
  let httpInitMilliseconds = 0;
  const api = await startApiGateway({
    routes: httpRoutes,
    timeoutMs: TIMEOUT_SECONDS * 1_000,
    async invoke(event) {
      const { payload, initMilliseconds } = await invoke('http', event);
      httpInitMilliseconds = initMilliseconds;
      return { ok: true, payload };
    },
  });
  try {
    const { kinesis, dynamodb, s3 } = cloud.clients;
    const { streamArn } = await provision(cloud.clients, settings, names);
    const blobs = [JSON.stringify({ id: 'image-1', text: TEXT }), '{"id":'];
    const Records = blobs.map((blob) => ({ Data: Buffer.from(blob), PartitionKey: 'key' }));
    await kinesis.send(new PutRecordsCommand({ StreamName: names.stream, Records }));
    const source = await openSource(streamArn, cloud.clients);
    const [{ shardId } = { shardId: '' }] = await source.listShards();
    const iterator = await source.getIterator(shardId);
    const { records } = await source.getRecords(shardId, iterator, blobs.length);
    const stream = await invoke('inference', { Records: records.map(({ event }) => event) });
    expect('the stream function’s answer', stream.payload, { batchItemFailures: [] });
    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: names.resultsTable }));
    const results = Items.filter((item) => item.pk?.S?.startsWith('REC#')).length;
    expect('results in the table', results, 1);
    const parked = await s3.send(new ListObjectsV2Command({ Bucket: names.failuresBucket }));
    expect('records in the failures bucket', parked.KeyCount, 1);

    const answer = await fetch(`${api.endpoint}/v1/entities`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: TEXT }),
    });
    expect('the status of the HTTP function’s answer', answer.status, 200);
    const { results: answered } = (await answer.json()) as {
      results: { entities: { text: string; start: number; end: number }[] }[];
    };
    const entities = answered.flatMap((result) => result.entities);
    for (const { start, end, text } of entities) {
      expect('the text at the offsets', TEXT.slice(start, end), text);
    }
    if (entities.length === 0) throw new SpanstreamError('image-failed', 'no entity was found');
    return {
      ...{ results, parked: 1, entities: entities.length },
      ...{ streamInitMilliseconds: stream.initMilliseconds, httpInitMilliseconds },
    };
  } finally {
    await api.close();
    await cloud.close();
  }
}
