import pLimit from 'p-limit';
import { type AwsProtocol, awsJson, awsService } from '../aws-protocols.ts';
import { openStore } from '../key-value-store.ts';
import { type LocalService, type LocalServiceOptions, serve } from '../local-service.ts';
import { type DynamoDbContext, itemOperations } from './items.ts';
import { streamOperations } from './stream-operations.ts';
import { openTableStreams, type TableStreamOptions } from './table-streams.ts';
import { tableOperations } from './tables.ts';
import { sweep, timeToLiveOperations } from './time-to-live.ts';

/** Starts the DynamoDB stand-in, tables and streams: dynalite's items and expressions on our own store, with streams and expiry added. */
export async function startDynamoDb(
  options: LocalServiceOptions & TableStreamOptions = {},
): Promise<LocalService> {
  const { now = Date.now } = options;
  const store = await openStore(options.directory);
  const streams = await openTableStreams(store, now, options);
  const context: DynamoDbContext = { store, streams, alone: pLimit(1), now };
  return serve(
    awsService({
      protocols: [withProtoNames],
      errorNamespace: 'com.amazonaws.dynamodb.v20120810#',
      bodyLimitBytes: 16 * 1024 * 1024,
      operations: {
        DynamoDB_20120810: { ...itemOperations, ...tableOperations, ...timeToLiveOperations },
        DynamoDBStreams_20120810: streamOperations,
      },
      context,
    }),
    {
      port: options.port,
      rounds: [[() => sweep(context), options.intervalMs ?? 60_000]],
      release: store.close,
    },
  );
}

const [OUTSIDE, INSIDE] = ['"__proto__"', '"..__proto__.."'];

/**
 * Lets attributes be named `__proto__`: dynalite copies items member by member, which loses that one name. So it goes by
 * another one inside, as a name and as a value alike, and back on its way out.
 */
const withProtoNames: AwsProtocol = {
  ...awsJson,
  read: (request, body) => awsJson.read(request, Buffer.from(renamed(body, OUTSIDE, INSIDE))),
  write: (output, request) => {
    const { headers = {}, body = '' } = awsJson.write(output, request);
    return { headers, body: renamed(body, INSIDE, OUTSIDE) };
  },
};

function renamed(body: Buffer | string, from: string, to: string): Buffer | string {
  return body.includes(from) ? String(body).replaceAll(from, to) : body;
}
