import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Endpoints } from './services.ts';

const common = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
};

/**
 * SDK clients of the local services.
 *
 * @example
 * const { kinesis, destroy } = localClients(cloud.endpoints);
 * destroy();
 */
export function localClients(endpoints: Endpoints) {
  // The default HTTP/2 handler of the Kinesis client needs a server that speaks it.
  const requestHandler = new NodeHttpHandler();
  const clients = {
    kinesis: new KinesisClient({ ...common, endpoint: endpoints.kinesis, requestHandler }),
    dynamodb: new DynamoDBClient({ ...common, endpoint: endpoints.dynamodb }),
    streams: new DynamoDBStreamsClient({ ...common, endpoint: endpoints.dynamodb }),
    cloudwatch: new CloudWatchClient({ ...common, endpoint: endpoints.cloudwatch }),
    s3: new S3Client({ ...common, endpoint: endpoints.s3, forcePathStyle: true }),
  };
  return { ...clients, destroy: () => Object.values(clients).forEach((one) => void one.destroy()) };
}

/** SDK clients of the local services. */
export type LocalClients = ReturnType<typeof localClients>;
