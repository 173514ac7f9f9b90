import { join } from 'node:path';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import type { LocalService, LocalServiceOptions } from '#local/services/local-service.ts';
import { startS3 } from '#local/services/s3/index.ts';
import type { Endpoints, ServiceName } from './endpoints.ts';

/** The running stand-ins. */
export interface Services {
  readonly endpoints: Endpoints;
  close(): Promise<void>;
}

const start = {
  // AWS takes a while to make streams and tables; nobody here needs to wait as long.
  kinesis: (options: LocalServiceOptions) => startKinesis({ ...options, createStreamMs: 0 }),
  dynamodb: (options: LocalServiceOptions) => startDynamoDb({ ...options, createTableMs: 0 }),
  cloudwatch: startCloudWatch,
  s3: startS3,
} as const;

/** Starts the AWS stand-ins, each with its data in a folder of its own; where one cannot start, the others end again. */
export async function startServices(
  directory: string,
  ports: Partial<Record<ServiceName, number>>,
): Promise<Services> {
  const names = Object.keys(start) as ServiceName[];
  const begun = await Promise.allSettled(
    names.map((name) => start[name]({ directory: join(directory, name), port: ports[name] ?? 0 })),
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
  const endpoints = Object.fromEntries(
    names.map((name, index) => [name, (running[index] as LocalService).endpoint]),
  ) as Record<ServiceName, string>;
  return { endpoints, close };
}
