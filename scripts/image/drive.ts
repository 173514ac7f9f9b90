import { CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startS3 } from '#local/services/s3/index.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { functionEnvironments } from '#shared/function-environment.ts';
import { resourceNames } from '#shared/names.ts';
import { resultsTableDefinition } from '#shared/results-table/definition.ts';
import { parseSettings } from '#shared/settings.ts';
import type { Buildah } from './buildah.ts';
import { apiGatewayEvent, kinesisEvent } from './events.ts';
import { invokeContainer } from './run-function.ts';

const TEXT = 'Angela Merkel met the board of Siemens in Munich on Tuesday.';

/** What both functions did. */
export interface Driven {
  readonly results: number;
  readonly parked: number;
  readonly entities: number;
  readonly streamInitMilliseconds: number;
  readonly httpInitMilliseconds: number;
}

function expect(what: string, actual: unknown, wanted: unknown): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (left !== right) throw new SpanstreamError('image-failed', `${what}: ${left}, not ${right}`);
}

async function entryPointOf(buildah: Buildah, image: string) {
  const inspected = JSON.parse(await buildah.run('inspect', '--type', 'image', image));
  const { Entrypoint = [], Cmd = [] } = inspected.OCIv1.config;
  return { entrypoint: Entrypoint as string[], command: Cmd as string[] };
}

/** Hands the image's stream function a Kinesis event and its HTTP function an API Gateway event, and checks what comes of it. */
export async function driveImage(
  buildah: Buildah,
  container: string,
  image: string,
): Promise<Driven> {
  const names = resourceNames('image');
  const environments = functionEnvironments(parseSettings({ environmentName: 'image' }), names);
  const [dynamodb, s3] = await Promise.all([startDynamoDb(), startS3()]);
  const access = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
  };
  const client = {
    region: access.AWS_REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const tables = new DynamoDBClient({ ...client, endpoint: dynamodb.endpoint });
  const buckets = new S3Client({ ...client, endpoint: s3.endpoint, forcePathStyle: true });
  try {
    await tables.send(
      new CreateTableCommand({
        ...structuredClone(resultsTableDefinition as object),
        TableName: names.resultsTable,
      } as ConstructorParameters<typeof CreateTableCommand>[0]),
    );
    await buckets.send(new CreateBucketCommand({ Bucket: names.failuresBucket }));
    const { entrypoint, command } = await entryPointOf(buildah, image);
    expect('the image’s command', command, ['inference/index.handler']);

    const stream = await invokeContainer(
      buildah,
      {
        container,
        command: [...entrypoint, ...command],
        environment: { ...access, ...environments.inference },
        timeoutSeconds: 120,
      },
      kinesisEvent([JSON.stringify({ id: 'image-1', text: TEXT }), '{"id":'], new Date()),
    );
    expect('the stream function’s answer', stream.payload, { batchItemFailures: [] });
    const items = await tables.send(new ScanCommand({ TableName: names.resultsTable }));
    const results = (items.Items ?? []).filter((item) => item.pk?.S?.startsWith('REC#')).length;
    expect('results in the table', results, 1);
    const parked = await buckets.send(new ListObjectsV2Command({ Bucket: names.failuresBucket }));
    expect('records in the failures bucket', parked.KeyCount, 1);

    const http = await invokeContainer(
      buildah,
      {
        container,
        command: [...entrypoint, 'http/index.handler'],
        environment: { ...access, ...environments.http },
        timeoutSeconds: 120,
      },
      apiGatewayEvent('/v1/entities', { text: TEXT }),
    );
    const answer = http.payload as { statusCode?: number; body?: string };
    expect('the status of the HTTP function’s answer', answer.statusCode, 200);
    const { results: answered } = JSON.parse(String(answer.body)) as {
      results: { entities: { text: string; start: number; end: number }[] }[];
    };
    const entities = answered.flatMap((result) => result.entities);
    for (const entity of entities) {
      expect('the text at the offsets', TEXT.slice(entity.start, entity.end), entity.text);
    }
    if (entities.length === 0) throw new SpanstreamError('image-failed', 'no entity was found');
    return {
      results,
      parked: parked.KeyCount ?? 0,
      entities: entities.length,
      streamInitMilliseconds: stream.initMilliseconds,
      httpInitMilliseconds: http.initMilliseconds,
    };
  } finally {
    tables.destroy();
    buckets.destroy();
    await Promise.all([dynamodb.close(), s3.close()]);
  }
}
