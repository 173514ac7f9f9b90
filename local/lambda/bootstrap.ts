/**
 * The runtime client that runs inside a function's process: loads the bundle's `handler`, then asks the Runtime API for one
 * invocation after the other. It knows promises only: a handler that wants a callback is not supported.
 */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

type Handler = (event: unknown, context: unknown) => unknown;

const [host = '127.0.0.1', port = ''] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 2 });
const parent = process.ppid;
let currentRequestId: string | undefined;
let dying = false;

async function call(
  method: 'GET' | 'POST',
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<{ message: IncomingMessage; body: string }> {
  const about = { host, port, method, path: `/2018-06-01/runtime/${path}`, agent, headers };
  const sent = request(about).end(body);
  const [message] = (await once(sent, 'response')) as [IncomingMessage];
  return { message, body: await text(message) };
}

async function report(path: string, error: unknown, type?: string): Promise<void> {
  const known = error instanceof Error ? error : undefined;
  const described = {
    errorType: type ?? known?.name ?? typeof error,
    errorMessage: known?.message ?? String(error),
    trace: known?.stack?.split('\n') ?? [],
  };
  process.stderr.write(`${JSON.stringify({ level: 'error', ...described })}\n`);
  await call('POST', path, JSON.stringify(described), {
    'lambda-runtime-function-error-type': `Unhandled.${described.errorType}`,
  });
}

async function dieOf(error: unknown, type: string, exitCode: number): Promise<void> {
  // To tell of an error may fail as well, where nobody listens any more: errors of errors must not go round for ever.
  if (dying) process.exit(exitCode);
  dying = true;
  const path =
    currentRequestId === undefined ? 'init/error' : `invocation/${currentRequestId}/error`;
  await report(path, error, type).catch(() => undefined);
  process.exit(exitCode);
}

function contextOf(message: IncomingMessage) {
  const header = (name: string) => String(message.headers[name] ?? '');
  const deadline = Number(header('lambda-runtime-deadline-ms'));
  return {
    awsRequestId: header('lambda-runtime-aws-request-id'),
    invokedFunctionArn: header('lambda-runtime-invoked-function-arn'),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

async function loadHandler(): Promise<Handler> {
  const [file = 'index', name = 'handler'] = (process.env._HANDLER ?? 'index.handler').split('.');
  const path = join(process.env.LAMBDA_TASK_ROOT ?? process.cwd(), `${file}.mjs`);
  const loaded: Record<string, unknown> = await import(pathToFileURL(path).href);
  const handler = loaded[name];
  if (typeof handler !== 'function') {
    throw Object.assign(new Error(`${file}.${name} is undefined or not a function`), {
      name: 'Runtime.HandlerNotFound',
    });
  }
  return handler as Handler;
}

async function serve(handler: Handler): Promise<never> {
  for (;;) {
    const { message, body } = await call('GET', 'invocation/next');
    const context = contextOf(message);
    currentRequestId = context.awsRequestId;
    process.env._X_AMZN_TRACE_ID = String(message.headers['lambda-runtime-trace-id'] ?? '');
    try {
      const answer = await handler(JSON.parse(body), context);
      const path = `invocation/${context.awsRequestId}/response`;
      await call('POST', path, JSON.stringify(answer ?? null));
    } catch (error) {
      await report(`invocation/${context.awsRequestId}/error`, error);
    }
  }
}

const die = () => process.kill(process.pid, 'SIGKILL');

/** Ends this process with its parent, even where the handler never yields: a killed stack must leave no writer behind. */
function watchParent(): void {
  const watch = `setInterval(() => process.ppid === ${parent} || process.kill(process.pid, 'SIGKILL'), 250);`;
  new Worker(watch, { eval: true, execArgv: [], stdin: false }).unref();
}

// Ctrl-C on the stack's terminal reaches the whole process group; the stack itself decides when its functions end.
process.on('SIGINT', () => undefined);
process.on('uncaughtException', (error) => void dieOf(error, 'Runtime.UncaughtException', 129));
process.on(
  'unhandledRejection',
  (reason) => void dieOf(reason, 'Runtime.UnhandledPromiseRejection', 128),
);

const hasParent = process.connected;
// The parent may die while the handler is loaded; the thread that watches it would make loading slower.
if (hasParent) process.on('disconnect', die);

try {
  const handler = await loadHandler();
  if (hasParent) watchParent();
  // Without the Runtime API there is nobody to work for.
  await serve(handler).catch(() => process.exit(1));
} catch (error) {
  await report('init/error', error).catch(() => undefined);
  process.exit(1);
}
