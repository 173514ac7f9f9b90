import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { SpanstreamError } from '#shared/errors.ts';

const cli = createRequire(import.meta.url).resolve('aws-cdk/bin/cdk');
/** Lines of its output that an error repeats. */
const LAST_LINES = 30;

/** How CDK's command line is called. */
export interface CdkCall {
  readonly cwd: string;
  /** All that it finds in its environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Told of every line of its output. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/**
 * Runs CDK's command line, the very one of `npm run deploy`.
 *
 * @throws {SpanstreamError} with the end of its output, where it fails
 */
export async function cdk(args: readonly string[], call: CdkCall): Promise<void> {
  const { cwd, environment, signal, onLine } = call;
  signal?.throwIfAborted();
  // A group of its own: the app that it starts ends with it, and Ctrl-C reaches both through the signal alone.
  const child = spawn(process.execPath, [cli, ...args], {
    ...{ cwd, env: environment, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  signal?.addEventListener('abort', end, { once: true });
  const last: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      if (last.push(line) > LAST_LINES) last.shift();
      onLine?.(line);
    });
  }
  try {
    const [code] = await once(child, 'close');
    signal?.throwIfAborted();
    if (code !== 0) {
      throw new SpanstreamError('cdk-failed', `cdk ${args.join(' ')}:\n${last.join('\n')}`);
    }
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
