import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { startRuntimeApi } from '#local/lambda/runtime-api.ts';
import { SpanstreamError } from '#shared/errors.ts';
import type { Buildah } from './buildah.ts';

/** How a container is to be run. */
export interface RunOptions {
  readonly container: string;
  /** Entry point and command. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
}

/**
 * Starts a container against a Runtime API of our own, hands it one event and ends it.
 *
 * @returns the answer, and the milliseconds until the function asked for its first event
 * @throws {SpanstreamError} where init fails, the function throws or ends, or the time runs out
 */
export async function invokeContainer(
  buildah: Buildah,
  options: RunOptions,
  event: unknown,
): Promise<{ payload: unknown; initMilliseconds: number }> {
  const started = performance.now();
  let initMilliseconds: number | undefined;
  let answer: (payload: unknown) => void = () => undefined;
  let refuse: (reason: Error) => void = () => undefined;
  const outcome = new Promise<unknown>((resolve, reject) => {
    answer = resolve;
    refuse = reject;
  });
  const fail = (what: string, detail: string) =>
    refuse(new SpanstreamError('image-failed', `${what}: ${detail}`));
  const api = await startRuntimeApi({
    ready() {
      if (initMilliseconds !== undefined) return;
      initMilliseconds = Math.round(performance.now() - started);
      api.hand({
        requestId: randomUUID(),
        deadline: Date.now() + options.timeoutSeconds * 1_000,
        functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:image',
        traceId: 'Root=1-00000000-000000000000000000000000',
        body: JSON.stringify(event),
      });
    },
    initFailed: (error) => fail('init failed', error.errorMessage),
    answered: (_requestId, body) => answer(JSON.parse(body)),
    failed: (_requestId, error) => fail(error.errorType, error.errorMessage),
  });
  const variables = { ...options.environment, AWS_LAMBDA_RUNTIME_API: api.address };
  const child = spawn(
    'buildah',
    [
      ...buildah.global,
      'run',
      '--isolation',
      'chroot',
      ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      options.container,
      '--',
      ...options.command,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  }
  child.once('exit', (code) => fail(`container ended with ${code}`, lines.join('').slice(-2_000)));
  child.once('error', (error) => fail('buildah', error.message));
  const timer = setTimeout(
    () => fail('no answer in time', lines.join('').slice(-2_000)),
    options.timeoutSeconds * 1_000,
  );
  try {
    return { payload: await outcome, initMilliseconds: initMilliseconds ?? 0 };
  } finally {
    clearTimeout(timer);
    api.close();
    // Its whole process group: buildah runs the function as a grandchild.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  }
}
