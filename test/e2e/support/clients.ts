import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { vi } from 'vitest';

/** Clients that know nothing but the environment variables which a stack prints; `vi.unstubAllEnvs` takes those back. */
export function clientsOf(environment: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const clients = {
    // The client's own handler speaks HTTP/2 only.
    kinesis: new KinesisClient({ requestHandler: new NodeHttpHandler() }),
    dynamodb: new DynamoDBClient({}),
    streams: new DynamoDBStreamsClient({}),
    cloudwatch: new CloudWatchClient({}),
    s3: new S3Client({ forcePathStyle: true }),
  };
  return {
    ...clients,
    destroy() {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

/** Clients of a stack. */
export type Clients = ReturnType<typeof clientsOf>;
