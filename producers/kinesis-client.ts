import { KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { ConfigurationError } from '#shared/errors.ts';

/** Where AWS services are found; what is left out is taken from the environment and profiles, as every SDK client does. */
export interface ClientOptions {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * A Kinesis client for a producer: one attempt a call, since the producer itself sends again what failed. With an endpoint of its
 * own it speaks HTTP/1.1, because emulators do not speak the client's HTTP/2.
 *
 * @throws {ConfigurationError} where the endpoint, an option or `AWS_ENDPOINT_URL_KINESIS`, is no address.
 * @example
 * const client = createKinesisClient({ region: 'eu-west-1' });
 */
export function createKinesisClient(options: ClientOptions = {}): KinesisClient {
  const { region, credentials } = options;
  const name = options.endpoint === undefined ? 'AWS_ENDPOINT_URL_KINESIS' : 'endpoint';
  const endpoint = options.endpoint ?? process.env.AWS_ENDPOINT_URL_KINESIS;
  if (endpoint && !/^https?:\/\//i.test(URL.canParse(endpoint) ? endpoint : '')) {
    throw new ConfigurationError(`${name} is no http or https address: ${endpoint}`);
  }
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
