import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Failure, FunctionLogLine } from './invocation.ts';
import { startRuntimeApi } from './runtime-api.ts';

/** What an execution environment is started from. */
export interface EnvironmentOptions {
  readonly name: string;
  readonly arn: string;
  readonly timeoutSeconds: number;
  /** Init that lasts longer is killed. */
  readonly initTimeoutSeconds: number;
  /** Starts a runtime client that asks for work at `host:port`. */
  spawn(runtimeApi: string): ChildProcess;
  /** Takes a line; the process writes no further line until it has. */
  log(line: FunctionLogLine): Promise<void>;
}

/** One process of a function; it takes one invocation at a time and is never used again once it died. */
export type ExecutionEnvironment = Awaited<ReturnType<typeof startExecutionEnvironment>>;

/** Starts a process of a function. */
export async function startExecutionEnvironment(options: EnvironmentOptions) {
  const { name, timeoutSeconds } = options;
  const api = await startRuntimeApi();
  const child = options.spawn(api.address);
  const pid = child.pid ?? 0;
  let alive = true;
  const logged = Promise.all(
    (['stdout', 'stderr'] as const).map((stream) =>
      forwardLines(child[stream], (text) => options.log({ functionName: name, pid, stream, text })),
    ),
  );

  /** Ends what is under way with a failure, and writes down what the process itself can no longer say. */
  const fail = (kind: Failure['kind'], errorType: string, errorMessage: string) =>
    api.fail({ kind, errorType, errorMessage });
  const exited = new Promise<void>((resolve) => {
    const end = (cause: string) => {
      alive = false;
      fail('crash', 'Runtime.ExitError', `Runtime exited: ${cause}`);
      api.close();
      resolve();
    };
    child.once('exit', (code, signal) => end(signal ? `signal ${signal}` : `exit status ${code}`));
    child.once('error', (error) => end(error.message));
  });

  /** Awaits what the process is to do, and kills it where that takes too long. */
  async function within<T>(what: string, seconds: number, work: Promise<T>): Promise<T> {
    const timer = setTimeout(
      () => {
        child.kill('SIGKILL');
        const errorMessage = `${what} timed out after ${seconds.toFixed(2)} seconds`;
        fail('timeout', 'Sandbox.Timedout', errorMessage);
      },
      Math.min(seconds * 1000, 2 ** 31 - 1),
    );
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  function tell(failure: Failure, requestId?: string): void {
    const { kind, errorType, errorMessage } = failure;
    if (kind === 'error') return;
    const text = JSON.stringify({ level: 'error', requestId, errorType, errorMessage });
    void options.log({ functionName: name, pid, stream: 'stderr', text });
  }

  const initialized = within('Init', options.initTimeoutSeconds, api.freed());
  void initialized.then((failure) => failure && tell(failure));

  return {
    pid: child.pid,
    /** Resolves when the process asks for its first invocation, or with what went wrong. */
    initialized,
    /** Resolves when the process has ended. */
    exited,
    /** Resolves when all that it wrote is in the log. */
    logged,
    get alive() {
      return alive;
    },
    /** Hands an event over; both this clock and the function's start here. Only once it is initialized, and freed of the last. */
    async invoke(body: string) {
      const deadline = Date.now() + timeoutSeconds * 1000;
      const answered = api.invoke(body, { deadline, functionArn: options.arn });
      const invocation = await within('Task', timeoutSeconds, answered);
      if (!invocation.ok) tell(invocation, invocation.requestId);
      return invocation;
    },
    /** Resolves when the process asks for work, or has ended: after an answer it may still be about to exit. */
    freed: api.freed,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
  };
}

/** A longer line goes to the log in pieces, so that no function can fill the memory of its owner. */
const LONGEST_LINE = 256 * 1024;

/** Hands on what a process writes, line by line, no faster than each is taken; resolves at the end of it. */
async function forwardLines(input: Readable | null, log: (text: string) => Promise<void>) {
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
