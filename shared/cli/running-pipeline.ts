import * as z from 'zod';
import { messageOf } from '#shared/errors.ts';
import { httpAddress, readLocalEndpoints } from '#shared/local-endpoints.ts';
import { checkTarget, type Target } from './target.ts';

const PATIENCE_MS = 10_000;
const healthSchema = z.object({ pipelineVersion: z.string() });

/**
 * The pipeline version that a target runs, as its API says; undefined, and why, where it cannot be asked. The API is found by
 * `SPANSTREAM_HTTP_URL`, else a local one by what the stack wrote; its key is in `SPANSTREAM_API_KEY`.
 */
export async function runningPipeline(
  target: Target,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly version?: string; readonly why?: string }> {
  const name = 'SPANSTREAM_HTTP_URL';
  checkTarget(target, [name], environment);
  try {
    const url = environment[name] ?? (target === 'local' ? await localUrl(environment) : undefined);
    if (url === undefined) return { why: `${name} is not set` };
    const key = environment.SPANSTREAM_API_KEY;
    const answer = await fetch(`${httpAddress(name, url).href.replace(/\/$/, '')}/v1/health`, {
      headers: { ...(key && { 'x-api-key': key }) },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!answer.ok) return { why: `${url} answers ${answer.status}` };
    return { version: healthSchema.parse(await answer.json()).pipelineVersion };
  } catch (error) {
    return { why: messageOf(error) };
  }
}

/** The API of the stack whose table is read. */
async function localUrl({ AWS_ENDPOINT_URL_DYNAMODB: table }: NodeJS.ProcessEnv) {
  const found = await readLocalEndpoints();
  const isSame = !table || table === found.AWS_ENDPOINT_URL_DYNAMODB;
  return isSame ? found.SPANSTREAM_HTTP_URL : undefined;
}
