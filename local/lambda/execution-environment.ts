import { randomBytes, randomUUID } from 'node:crypto';
import type { Failure, Invocation } from './invocation.ts';
import { type RuntimeApi, type RuntimeError, startRuntimeApi } from './runtime-api.ts';
import { type EnvironmentOptions, forwardLines, spawnRuntime } from './runtime-process.ts';

/** One process of a function; it takes one invocation at a time and is never used again once it died. */
export interface ExecutionEnvironment {
  readonly pid: number | undefined;
  /** Resolves when the process asks for its first invocation, or with what went wrong. */
  readonly initialized: Promise<Failure | undefined>;
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>;
  /** Resolves when all that it wrote is in the log. */
  readonly logged: Promise<unknown>;
  readonly alive: boolean;
  /** Hands an event over; both this clock and the function's start here. Only once it is initialized, and freed of the last. */
  invoke(body: string): Promise<Invocation>;
  /** Resolves when the process asks for work, or has ended: after an answer it may still be about to exit. */
  freed(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a process of a function; init that lasts longer than `initTimeoutMs` is killed. */
export async function startExecutionEnvironment(
  options: EnvironmentOptions,
  initTimeoutMs: number,
): Promise<ExecutionEnvironment> {
  let settleInit: (failure: Failure | undefined) => void = () => undefined;
  const initialized = new Promise<Failure | undefined>((resolve) => {
    settleInit = resolve;
  });
  let current: { requestId: string; settle: (invocation: Invocation) => void } | undefined;
  let reported: RuntimeError | undefined;
  let alive = true;
  let ready = false;
  let pid = 0;
  let free: (() => void) | undefined;

  /** Writes down what the process itself can no longer say. */
  const tell = ({ kind, ...error }: Failure, requestId?: string) => {
    if (kind === 'error') return;
    const text = JSON.stringify({ level: 'error', requestId, ...error });
    void options.log({ functionName: options.name, pid, stream: 'stderr', text });
  };
  const finish = (requestId: string, outcome: { payload: unknown } | Failure) => {
    if (current?.requestId !== requestId) return;
    const { settle } = current;
    current = undefined;
    if ('kind' in outcome) tell(outcome, requestId);
    settle(
      'payload' in outcome
        ? { ok: true, requestId, payload: outcome.payload }
        : { ok: false, requestId, ...outcome },
    );
  };

  const api: RuntimeApi = await startRuntimeApi({
    ready() {
      settleInit(undefined);
      if (current) {
        const errorMessage = 'the runtime asked for its next invocation and answered none';
        finish(current.requestId, { kind: 'error', errorType: 'Runtime.NoAnswer', errorMessage });
      }
      ready = true;
      free?.();
    },
    initFailed(error) {
      reported = error;
      settleInit({ kind: 'error', ...error });
    },
    answered: (requestId, body) => finish(requestId, { payload: payloadOf(body) }),
    failed(requestId, error) {
      finish(requestId, { kind: 'error', ...error });
    },
  });

  const child = spawnRuntime(options, api.address);
  pid = child.pid ?? 0;
  const logged = Promise.all(
    (['stdout', 'stderr'] as const).map((stream) =>
      forwardLines(child[stream], (text) =>
        options.log({ functionName: options.name, pid, stream, text }),
      ),
    ),
  );

  const exited = new Promise<void>((resolve) => {
    const end = (cause: string) => {
      if (!alive) return;
      alive = false;
      api.close();
      const failure: Failure = {
        kind: 'crash',
        errorType: 'Runtime.ExitError',
        errorMessage: `Runtime exited: ${cause}`,
      };
      settleInit(reported ? { kind: 'error', ...reported } : failure);
      if (current) finish(current.requestId, failure);
      free?.();
      resolve();
    };
    child.once('exit', (code, signal) => end(signal ? `signal ${signal}` : `exit status ${code}`));
    child.once('error', (error) => end(error.message));
  });

  const initTimer = setTimeout(() => {
    settleInit({
      kind: 'timeout',
      errorType: 'Sandbox.Timedout',
      errorMessage: `Init timed out after ${(initTimeoutMs / 1000).toFixed(2)} seconds`,
    });
    child.kill('SIGKILL');
  }, initTimeoutMs);
  void initialized.then((failure) => {
    clearTimeout(initTimer);
    if (failure) tell(failure);
  });

  return {
    pid: child.pid,
    initialized,
    exited,
    logged,
    get alive() {
      return alive;
    },
    invoke: (body) =>
      new Promise<Invocation>((resolve) => {
        const requestId = randomUUID();
        const timeoutMs = options.timeoutSeconds * 1000;
        const timer = setTimeout(() => {
          child.kill('SIGKILL');
          finish(requestId, {
            kind: 'timeout',
            errorType: 'Sandbox.Timedout',
            errorMessage: `Task timed out after ${options.timeoutSeconds.toFixed(2)} seconds`,
          });
        }, timeoutMs);
        current = {
          requestId,
          settle(invocation) {
            clearTimeout(timer);
            resolve(invocation);
          },
        };
        if (!alive) {
          const errorMessage = 'Runtime exited before the invocation';
          finish(requestId, { kind: 'crash', errorType: 'Runtime.ExitError', errorMessage });
          return;
        }
        ready = false;
        const deadline = Date.now() + timeoutMs;
        api.hand({ requestId, deadline, functionArn: options.arn, traceId: traceId(), body });
      }),
    freed: () =>
      new Promise((resolve) => {
        if (ready || !alive) resolve();
        else free = resolve;
      }),
    kill: (signal) => void child.kill(signal),
  };
}

function payloadOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function traceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`;
}
