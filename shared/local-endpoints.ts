import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { ConfigurationError } from './errors.ts';

const address = z.url({ protocol: /^https?$/ });
const localEndpointsSchema = z.object({
  AWS_ENDPOINT_URL_KINESIS: address,
  AWS_ENDPOINT_URL_DYNAMODB: address,
  AWS_ENDPOINT_URL_CLOUDWATCH: address,
  AWS_ENDPOINT_URL_S3: address,
  AWS_REGION: z.string(),
  AWS_ACCESS_KEY_ID: z.string(),
  AWS_SECRET_ACCESS_KEY: z.string(),
  SPANSTREAM_HTTP_URL: address,
});

/** The environment variables under which a local stack is reached. */
export type LocalEndpoints = z.output<typeof localEndpointsSchema>;

/**
 * An address of a service.
 *
 * @throws {ConfigurationError} naming the variable that does not hold one
 */
export function httpAddress(name: string, address: string): URL {
  if (URL.canParse(address) && /^https?:/i.test(address)) return new URL(address);
  throw new ConfigurationError(`${name} is no http or https address: ${address}`);
}

/**
 * Reads where the local stack listens, as `npm start` wrote it to `endpoints.json` of its folder.
 *
 * @throws {ConfigurationError} where no local stack runs in that folder or the file lacks a variable
 */
export async function readLocalEndpoints(directory = '.spanstream'): Promise<LocalEndpoints> {
  const file = resolve(join(directory, 'endpoints.json'));
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(
      `no local stack runs here (${file} does not exist): start one with npm start (spanstream start where it is installed), or name one with the AWS_ENDPOINT_URL variables that it prints`,
      { cause },
    );
  }
  try {
    return localEndpointsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ConfigurationError(`${file} does not hold the addresses of a local stack`, { cause });
  }
}
