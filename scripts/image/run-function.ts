import { type ChildProcess, spawn } from 'node:child_process';
import { startExecutionEnvironment } from '#local/lambda/execution-environment.ts';
import { SpanstreamError } from '#shared/errors.ts';
import type { Buildah } from './buildah.ts';

/**
 * Starts a container's command (with its entry point) as an execution environment of the local cloud, hands it one event and ends it.
 *
 * @returns the answer, and the milliseconds until the function asked for its first event
 * @throws {SpanstreamError} where init fails, the function throws or ends, or the time runs out
 */
export async function invokeContainer(
  buildah: Buildah,
  options: {
    readonly container: string;
    readonly command: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly timeoutSeconds: number;
  },
  event: unknown,
): Promise<{ payload: unknown; initMilliseconds: number }> {
  const { container, command, environment, timeoutSeconds } = options;
  const started = performance.now();
  const lines: string[] = [];
  let child: ChildProcess | undefined;
  const running = await startExecutionEnvironment({
    ...{ name: 'image', timeoutSeconds, initTimeoutSeconds: timeoutSeconds },
    arn: 'arn:aws:lambda:us-east-1:123456789012:function:image',
    log: async ({ text }) => void lines.push(text),
    spawn(runtimeApi) {
      const variables = { ...environment, AWS_LAMBDA_RUNTIME_API: runtimeApi };
      const given = Object.entries(variables).flatMap(([key, value]) => [
        '--env',
        `${key}=${value}`,
      ]);
      child = spawn(
        'buildah',
        [...buildah.global, 'run', '--isolation', 'chroot', ...given, container, '--', ...command],
        { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
      );
      return child;
    },
  });
  try {
    const failure = await running.initialized;
    const initMilliseconds = Math.round(performance.now() - started);
    const invocation = failure ?? (await running.invoke(JSON.stringify(event)));
    if ('payload' in invocation) return { payload: invocation.payload, initMilliseconds };
    const { errorType, errorMessage } = invocation;
    const written = lines.join('\n').slice(-2_000);
    throw new SpanstreamError('image-failed', `${errorType}: ${errorMessage}\n${written}`);
  } finally {
    // Its whole process group: buildah runs the function as a grandchild.
    if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  }
}
