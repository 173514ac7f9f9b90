import { KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** Where AWS services are found; what is left out is taken from the environment and profiles, as every SDK client does. */
export interface ClientOptions {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * A Kinesis client for a producer: one attempt a call, since the producer itself sends again what failed. With an endpoint of its
 * own it speaks HTTP/1.1, because emulators do not speak the client's HTTP/2.
 */
export function createKinesisClient(options: ClientOptions = {}): KinesisClient {
  const { region, credentials } = options;
  const endpoint = options.endpoint ?? process.env.AWS_ENDPOINT_URL_KINESIS;
  return new KinesisClient({
    maxAttempts: 1,
    ...(region !== undefined && { region }),
    ...(credentials && { credentials }),
    ...(endpoint && {
      endpoint,
      requestHandler: new NodeHttpHandler({ connectionTimeout: 3_000, requestTimeout: 30_000 }),
    }),
  });
}
