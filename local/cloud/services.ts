import { join } from 'node:path';
import { type CloudWatchOptions, startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import type { LocalService } from '#local/services/local-service.ts';
import { type S3Options, startS3 } from '#local/services/s3/index.ts';

const start = {
  kinesis: startKinesis,
  dynamodb: startDynamoDb,
  cloudwatch: startCloudWatch,
  s3: startS3,
} as const;

/** Services that speak an AWS wire protocol; `dynamodb` has its streams with it. */
export type ServiceName = keyof typeof start;

/** Names of the services. */
export const serviceNames = Object.keys(start) as ServiceName[];

/** Base addresses by service. */
export type Endpoints = Readonly<Record<ServiceName, string>>;

/**
 * Starts the AWS stand-ins, each with its data in a folder of its own; where one cannot start, the others end again.
 *
 * @param elsewhere addresses of services that run already: they are used as they are, and not ended
 * @param listeners told of what happens in own services, and asked what happens beside them
 */
export async function startServices(
  directory: string,
  ports: Partial<Record<ServiceName, number>>,
  elsewhere: Partial<Endpoints> = {},
  listeners: Pick<CloudWatchOptions, 'onNotification' | 'measure'> &
    Pick<S3Options, 'onObjectCreated'> = {},
) {
  const names = serviceNames.filter((name) => elsewhere[name] === undefined);
  const begun = await Promise.allSettled(
    names.map((name) =>
      start[name]({ directory: join(directory, name), port: ports[name] ?? 0, ...listeners }),
    ),
  );
  const running = begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const close = async () => {
    await Promise.all(running.map((service) => service.close()));
  };
  const failed = begun.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const own = names.map((name, index) => [name, (running[index] as LocalService).endpoint]);
  return { endpoints: { ...elsewhere, ...Object.fromEntries(own) } as Endpoints, close };
}

/**
 * What any AWS SDK or the AWS CLI needs in its environment to talk to the services; the credentials mean nothing.
 *
 * @example
 * Object.assign(process.env, endpointEnvironment(cloud.endpoints));
 */
export function endpointEnvironment(endpoints: Endpoints): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_KINESIS: endpoints.kinesis,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoints.dynamodb,
    AWS_ENDPOINT_URL_CLOUDWATCH: endpoints.cloudwatch,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_REGION: 'us-east-1',
    // The AWS CLI before version 2 and boto3 know the region by this name alone.
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
}
