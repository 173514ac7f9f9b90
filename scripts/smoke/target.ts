import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { checkTarget, type Target } from '#shared/cli/target.ts';
import { ConfigurationError } from '#shared/errors.ts';
import { readLocalEndpoints } from '#shared/local-endpoints.ts';

/** Where `npm run deploy` leaves what the stacks put out. */
const OUTPUTS_FILE = 'cdk-outputs.json';

/** What leads the clients of a smoke test to their services. */
const variables = [
  'AWS_ENDPOINT_URL_KINESIS',
  'AWS_ENDPOINT_URL_DYNAMODB',
  'AWS_ENDPOINT_URL_CLOUDWATCH',
  'SPANSTREAM_HTTP_URL',
];
const outputsSchema = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * The environment that the clients of a target are made from, and its API's address without a trailing slash. What is set
 * already wins; else a local stack is found by the file it writes, an API on AWS by the outputs of its deployment.
 *
 * @throws {ConfigurationError} where the target cannot be found, or a variable leads to the other one
 */
export async function targetEnvironment(
  target: Target,
  environment: NodeJS.ProcessEnv,
  deps = { readLocalEndpoints, readOutputs },
): Promise<NodeJS.ProcessEnv & { SPANSTREAM_HTTP_URL: string }> {
  checkTarget(target, variables, environment);
  const given = environment.SPANSTREAM_HTTP_URL;
  const found: NodeJS.ProcessEnv =
    target === 'local' && !(given && environment.AWS_ENDPOINT_URL_KINESIS)
      ? { ...(await deps.readLocalEndpoints()), ...environment }
      : environment;
  const url = found.SPANSTREAM_HTTP_URL ?? apiUrl(await deps.readOutputs());
  return { ...found, SPANSTREAM_HTTP_URL: url.replace(/\/$/, '') };
}

async function readOutputs(): Promise<unknown> {
  try {
    return JSON.parse(await readFile(OUTPUTS_FILE, 'utf8'));
  } catch (cause) {
    throw new ConfigurationError(
      `${OUTPUTS_FILE} cannot be read: set SPANSTREAM_HTTP_URL, or deploy from here first`,
      { cause },
    );
  }
}

function apiUrl(outputs: unknown): string {
  const parsed = outputsSchema.safeParse(outputs);
  const url = parsed.success
    ? Object.values(parsed.data).find((stack) => stack.ApiUrl !== undefined)?.ApiUrl
    : undefined;
  if (url === undefined) throw new ConfigurationError(`${OUTPUTS_FILE} names no ApiUrl`);
  return url;
}
