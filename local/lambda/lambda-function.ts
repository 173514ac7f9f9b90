import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SpanstreamError } from '#shared/errors.ts';
import { type ExecutionEnvironment, startExecutionEnvironment } from './execution-environment.ts';
import {
  type FunctionLogLine,
  type Invocation,
  type LambdaFunction,
  MAXIMUM_PAYLOAD_BYTES,
} from './invocation.ts';
import type { EnvironmentOptions } from './runtime-process.ts';

/** What a function is started from. */
export interface FunctionOptions extends Omit<EnvironmentOptions, 'arn' | 'bootstrap' | 'log'> {
  /** The runtime client's bundle; `../bootstrap/index.mjs` beside the function's folder unless given. */
  readonly bootstrap?: string;
  /** Most processes at a time; further invocations wait their turn. */
  readonly maximumConcurrency: number;
  readonly log: (line: FunctionLogLine) => void;
  /** File that the processes' lines are appended to. */
  readonly logFile?: string;
  /** Limit on the first try of init, as Lambda has it: 10 unless given. A second try has the function's time-out. */
  readonly initTimeoutSeconds?: number;
  /** Milliseconds between SIGTERM and SIGKILL on closing; 2000 unless given. */
  readonly graceMs?: number;
}

interface Waiting {
  readonly body: string;
  readonly settle: (invocation: Invocation) => void;
  readonly refuse: (reason: unknown) => void;
}

const LOG_GRACE_MS = 500;
const FUNCTION_ARN_PREFIX = 'arn:aws:lambda:us-east-1:000000000000:function:';

/** Starts a function: one process at once, more as invocations overlap, a new one where one died. */
export function startFunction(options: FunctionOptions): LambdaFunction {
  const arn = `${FUNCTION_ARN_PREFIX}${options.name}`;
  const bundleDirectory = resolve(options.bundleDirectory);
  const bootstrap = resolve(options.bootstrap ?? `${bundleDirectory}/../bootstrap/index.mjs`);
  const file = options.logFile ? createWriteStream(options.logFile, { flags: 'a' }) : undefined;
  // A full disk costs the log, not the function.
  file?.on('error', () => undefined);
  const environmentOptions: EnvironmentOptions = {
    ...options,
    arn,
    bundleDirectory,
    bootstrap,
    async log(line) {
      options.log(line);
      const isFull =
        file?.writable && !file.write(`${new Date().toISOString()} ${line.pid} ${line.text}\n`);
      // Who writes faster than the disk waits for it, as for a full pipe.
      if (isFull) await once(file, 'drain').catch(() => undefined);
    },
  };
  const firstInitMs = Math.min((options.initTimeoutSeconds ?? 10) * 1000, 2 ** 31 - 1);
  const environments = new Set<ExecutionEnvironment>();
  const idle: ExecutionEnvironment[] = [];
  const queue: Waiting[] = [];
  /** Environments being started or alive; what the concurrency limit counts. */
  let held = 0;
  let starting = 0;
  let closed = false;

  async function start(initMs: number) {
    const environment = await startExecutionEnvironment(environmentOptions, initMs);
    environments.add(environment);
    void environment.exited.then(() => environments.delete(environment));
    if (closed) environment.kill('SIGKILL');
    return { environment, failure: await environment.initialized };
  }

  /** Adds one environment to the pool; where its init fails, one waiting invocation gets to know why. */
  async function grow(): Promise<void> {
    held += 1;
    starting += 1;
    try {
      let { environment, failure } = await start(firstInitMs);
      if (failure?.kind === 'timeout' && !closed) {
        ({ environment, failure } = await start(options.timeoutSeconds * 1000));
      }
      void environment.exited.then(() => {
        held -= 1;
        pump();
      });
      if (failure) {
        environment.kill('SIGKILL');
        queue.shift()?.settle({ ok: false, requestId: randomUUID(), ...failure });
      } else {
        idle.push(environment);
      }
    } catch (error) {
      held -= 1;
      queue.shift()?.refuse(error);
    } finally {
      starting -= 1;
      pump();
    }
  }

  function pump(): void {
    while (queue.length > 0) {
      const environment = idle.pop();
      if (!environment) break;
      if (!environment.alive) continue;
      const waiting = queue.shift();
      if (waiting) void serve(environment, waiting);
    }
    let missing = Math.min(queue.length - starting, options.maximumConcurrency - held);
    for (; missing > 0 && !closed; missing -= 1) void grow();
  }

  async function serve(environment: ExecutionEnvironment, waiting: Waiting): Promise<void> {
    const invocation = await environment.invoke(waiting.body);
    waiting.settle(invocation);
    await environment.freed();
    if (environment.alive) idle.push(environment);
    pump();
  }

  void grow();

  return {
    name: options.name,
    arn,
    async invoke(payload) {
      if (closed) throw closedError(options.name);
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
        queue.push({ body, settle, refuse });
        pump();
      });
    },
    pids: () => [...environments].flatMap(({ pid, alive }) => (alive && pid ? [pid] : [])),
    async close() {
      closed = true;
      for (const waiting of queue.splice(0)) waiting.refuse(closedError(options.name));
      await Promise.all([...environments].map((e) => end(e, options.graceMs ?? 2000)));
      await new Promise<void>((done) => (file ? file.end(done) : done()));
    },
  };
}

async function end(environment: ExecutionEnvironment, graceMs: number): Promise<void> {
  environment.kill('SIGTERM');
  const timer = setTimeout(() => environment.kill('SIGKILL'), graceMs);
  await environment.exited;
  clearTimeout(timer);
  // A process of its own that the function left behind may hold the pipe open.
  await Promise.race([environment.logged, delay(LOG_GRACE_MS, undefined, { ref: false })]);
}

function closedError(name: string): SpanstreamError {
  return new SpanstreamError('function-closed', `function ${name} is closed`);
}
