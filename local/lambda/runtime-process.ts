import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { FunctionLogLine } from './invocation.ts';

/** What an execution environment runs. */
export interface EnvironmentOptions {
  readonly name: string;
  readonly arn: string;
  /** Folder that holds the deployed `index.mjs`. */
  readonly bundleDirectory: string;
  /** The runtime client's bundle. */
  readonly bootstrap: string;
  /** Everything the function sees of its environment, credentials and endpoints included. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Takes a line; the process writes no further line until it has. */
  readonly log: (line: FunctionLogLine) => Promise<void>;
}

/** A longer line goes to the log in pieces, so that no function can fill the memory of its owner. */
const LONGEST_LINE = 256 * 1024;

/** Starts the runtime client on a function, in a process of its own; it asks for work at `address`. */
export function spawnRuntime(options: EnvironmentOptions, address: string): ChildProcess {
  const stream = `local/[$LATEST]${randomBytes(16).toString('hex')}`;
  return spawn(
    process.execPath,
    ['--enable-source-maps', `--max-old-space-size=${options.memoryMb}`, options.bootstrap],
    {
      cwd: options.bundleDirectory,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // As on Lambda, a function sees what it is given and nothing of the machine's own environment.
      env: {
        PATH: process.env.PATH ?? '',
        TZ: ':UTC',
        AWS_REGION: 'us-east-1',
        AWS_DEFAULT_REGION: 'us-east-1',
        ...options.environment,
        AWS_LAMBDA_RUNTIME_API: address,
        AWS_LAMBDA_FUNCTION_NAME: options.name,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(options.memoryMb),
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${options.name}`,
        AWS_LAMBDA_LOG_STREAM_NAME: stream,
        LAMBDA_TASK_ROOT: options.bundleDirectory,
        _HANDLER: 'index.handler',
      },
    },
  );
}

/** Hands on what a process writes, line by line, no faster than each is taken; resolves at the end of it. */
export async function forwardLines(input: Readable | null, log: (text: string) => Promise<void>) {
  let rest = '';
  try {
    for await (const chunk of input?.setEncoding('utf8') ?? []) {
      const lines = `${rest}${chunk}`.split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) await log(line);
      for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) {
        await log(rest.slice(0, LONGEST_LINE));
      }
    }
  } catch {
    // The pipe broke with the process.
  }
  if (rest !== '') await log(rest);
}
