import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { SpanstreamError } from '#shared/errors.ts';
import { type ExecutionEnvironment, startExecutionEnvironment } from './execution-environment.ts';
import { type FunctionLogLine, type Invocation, MAXIMUM_PAYLOAD_BYTES } from './invocation.ts';

/** What a function is started from. */
export interface FunctionOptions {
  readonly name: string;
  /** Holds the deployed `index.mjs`. */
  readonly bundleDirectory: string;
  /** The runtime client's bundle; `../bootstrap/index.mjs` beside the function's folder unless given. */
  readonly bootstrap?: string;
  /** Everything the function sees of its environment, credentials and endpoints included. */
  readonly environment?: Readonly<Record<string, string>>;
  /** 3 unless given, as on AWS. */
  readonly timeoutSeconds?: number;
  /** Limit on the first try of init, as Lambda has it: 10 unless given. A second try has the function's time-out. */
  readonly initTimeoutSeconds?: number;
  /** Of the JavaScript heap; 128 unless given, as on AWS. */
  readonly memoryMb?: number;
  /** Most processes at a time, 10 unless given; further invocations wait their turn. */
  readonly maximumConcurrency?: number;
  /** Its first process starts with its first invocation, and not at once. */
  readonly startsLate?: boolean;
  /** Gets every line that its processes write. */
  readonly onLog?: (line: FunctionLogLine) => void;
  /** File that these lines are appended to. */
  readonly logFile?: string;
}

/** Between SIGTERM and SIGKILL on closing. */
const GRACE_MS = 2_000;
const LOG_GRACE_MS = 500;
const FUNCTION_ARN_PREFIX = 'arn:aws:lambda:us-east-1:000000000000:function:';

/** A function that runs in processes of its own. */
export type LambdaFunction = ReturnType<typeof startFunction>;

/** Starts a function: one process at once unless it is to start late, more as invocations overlap, a new one where one died. */
export function startFunction(options: FunctionOptions) {
  const { name, timeoutSeconds = 3, initTimeoutSeconds = 10, maximumConcurrency = 10 } = options;
  const arn = `${FUNCTION_ARN_PREFIX}${name}`;
  const limit = pLimit(maximumConcurrency);
  const environments = new Set<ExecutionEnvironment>();
  const idle = new Set<ExecutionEnvironment>();
  let closed = false;
  const file = options.logFile ? createWriteStream(options.logFile, { flags: 'a' }) : undefined;
  // A full disk costs the log, not the function.
  file?.on('error', () => undefined);
  async function log(line: FunctionLogLine): Promise<void> {
    options.onLog?.(line);
    const isFull =
      file?.writable && !file.write(`${new Date().toISOString()} ${line.pid} ${line.text}\n`);
    // Who writes faster than the disk waits for it, as for a full pipe.
    if (isFull) await once(file, 'drain').catch(() => undefined);
  }

  async function start(initSeconds: number) {
    const environment = await startExecutionEnvironment({
      ...{ name, arn, timeoutSeconds, initTimeoutSeconds: initSeconds, log },
      spawn: (runtimeApi) => spawnRuntime(options, runtimeApi),
    });
    environments.add(environment);
    void environment.exited.then(() => {
      environments.delete(environment);
      idle.delete(environment);
    });
    if (closed) environment.kill('SIGKILL');
    const failure = await environment.initialized;
    if (failure) {
      environment.kill('SIGKILL');
      await environment.exited;
    }
    return { environment, failure };
  }

  async function startPatiently() {
    const first = await start(initTimeoutSeconds);
    return first.failure?.kind === 'timeout' && !closed ? start(timeoutSeconds) : first;
  }

  let early = options.startsLate ? undefined : startPatiently();
  early
    ?.then(({ environment, failure }) => early && !failure && idle.add(environment))
    .catch(() => undefined)
    .finally(() => {
      early = undefined;
    });

  /** A process that is free, or one that is started for it. */
  async function acquire() {
    for (const environment of idle) {
      idle.delete(environment);
      await environment.freed();
      if (environment.alive) return { environment, failure: undefined };
    }
    const starting = early ?? startPatiently();
    early = undefined;
    return starting;
  }

  async function serve(body: string, settle: (invocation: Invocation) => void): Promise<void> {
    if (closed) throw closedError(name);
    const { environment, failure } = await acquire();
    if (closed) throw closedError(name);
    if (failure) return settle({ ok: false, requestId: randomUUID(), ...failure });
    settle(await environment.invoke(body));
    if (environment.alive) idle.add(environment);
  }

  return {
    name,
    arn,
    async invoke(payload: unknown): Promise<Invocation> {
      if (closed) throw closedError(name);
      const body = JSON.stringify(payload ?? null);
      const bytes = Buffer.byteLength(body);
      if (bytes > MAXIMUM_PAYLOAD_BYTES) {
        return {
          ok: false,
          requestId: randomUUID(),
          kind: 'error',
          errorType: 'RequestEntityTooLargeException',
          errorMessage: `${bytes} byte payload is too large for an invocation (limit ${MAXIMUM_PAYLOAD_BYTES} bytes)`,
        };
      }
      return await new Promise<Invocation>((settle, refuse) => {
        limit(serve, body, settle).catch(refuse);
      });
    },
    /** Ids of the live processes. */
    pids: () => [...environments].flatMap(({ pid, alive }) => (alive && pid ? [pid] : [])),
    /** Ends the processes: SIGTERM, then SIGKILL after a grace. Invocations under way end as `crash`. */
    async close(): Promise<void> {
      closed = true;
      await Promise.all([...environments].map(end));
      await new Promise<void>((done) => (file ? file.end(done) : done()));
    },
  };
}

async function end(environment: ExecutionEnvironment): Promise<void> {
  environment.kill('SIGTERM');
  const timer = setTimeout(() => environment.kill('SIGKILL'), GRACE_MS);
  await environment.exited;
  clearTimeout(timer);
  // A process of its own that the function left behind may hold the pipe open.
  await Promise.race([environment.logged, delay(LOG_GRACE_MS, undefined, { ref: false })]);
}

function closedError(name: string): SpanstreamError {
  return new SpanstreamError('function-closed', `function ${name} is closed`);
}

/** Starts the runtime client on a function, in a process of its own. */
function spawnRuntime(options: FunctionOptions, runtimeApi: string) {
  const { name, memoryMb = 128 } = options;
  const folder = resolve(options.bundleDirectory);
  const bootstrap = resolve(options.bootstrap ?? `${folder}/../bootstrap/index.mjs`);
  return spawn(
    process.execPath,
    ['--enable-source-maps', `--max-old-space-size=${memoryMb}`, bootstrap],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // As on Lambda, a function sees what it is given and nothing of the machine's own environment.
      env: {
        PATH: process.env.PATH ?? '',
        TZ: ':UTC',
        AWS_REGION: 'us-east-1',
        AWS_DEFAULT_REGION: 'us-east-1',
        ...options.environment,
        AWS_LAMBDA_RUNTIME_API: runtimeApi,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
        AWS_LAMBDA_LOG_STREAM_NAME: `local/[$LATEST]${randomBytes(16).toString('hex')}`,
        LAMBDA_TASK_ROOT: folder,
        _HANDLER: 'index.handler',
      },
    },
  );
}
