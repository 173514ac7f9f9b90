import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Failure, type Invocation, MAXIMUM_PAYLOAD_BYTES } from './invocation.ts';

const invocationPath = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;

/** The Lambda Runtime API of one execution environment, on a free port of 127.0.0.1. */
export async function startRuntimeApi() {
  let next: ServerResponse | undefined;
  let current: { requestId: string; settle: (invocation: Invocation) => void } | undefined;
  let free: (failure?: Failure) => void = () => undefined;
  let closed = false;

  /** Settles the invocation under way, where it is the one that is meant. */
  function finish(requestId: string | undefined, result: { payload: unknown } | Failure): void {
    if (requestId === undefined || current?.requestId !== requestId) return;
    const { settle } = current;
    current = undefined;
    settle({
      requestId,
      ...('payload' in result ? { ok: true, ...result } : { ok: false, ...result }),
    });
  }

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: path = '' } = request;
    const [, requestId, action] = invocationPath.exec(path) ?? [];
    if (method === 'GET' && path === '/2018-06-01/runtime/invocation/next') {
      next = response;
      const errorMessage = 'the runtime asked for its next invocation and answered none';
      finish(current?.requestId, failureOf('Runtime.NoAnswer', errorMessage));
      free();
      return;
    }
    const { body, size } = await readBody(request);
    const isInit = path === '/2018-06-01/runtime/init/error';
    if (method !== 'POST' || (requestId === undefined && !isInit)) {
      send(response, 404, { errorType: 'NotFound', errorMessage: path });
    } else if (action === 'response' && size > MAXIMUM_PAYLOAD_BYTES) {
      const errorMessage = `Response payload size (${size} bytes) exceeded maximum allowed payload size (${MAXIMUM_PAYLOAD_BYTES} bytes).`;
      const failure = failureOf('Function.ResponseSizeTooLarge', errorMessage);
      send(response, 413, failure);
      finish(requestId, failure);
    } else {
      send(response, 202, { status: 'OK' });
      if (isInit) free(reportedFailure(body));
      else if (action === 'error') finish(requestId, reportedFailure(body));
      else finish(requestId, { payload: parsedOrText(body.toString('utf8')) });
    }
  }

  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy());
  });
  // Invocations last minutes, and so do the calls that wait for one.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it. */
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves when the client asks for work, with what went wrong where it cannot, and when this is closed. */
    freed: () =>
      new Promise<Failure | undefined>((resolve) => {
        if (next || closed) resolve(undefined);
        else free = resolve;
      }),
    /** Hands an invocation to a client that asks for work; the deadline is in epoch milliseconds. */
    invoke: (body: string, about: { readonly deadline: number; readonly functionArn: string }) =>
      new Promise<Invocation>((settle) => {
        const requestId = randomUUID();
        current = { requestId, settle };
        next?.writeHead(200, {
          'content-type': 'application/json',
          'lambda-runtime-aws-request-id': requestId,
          'lambda-runtime-deadline-ms': String(about.deadline),
          'lambda-runtime-invoked-function-arn': about.functionArn,
          'lambda-runtime-trace-id': traceId(),
        });
        next?.end(body);
        next = undefined;
      }),
    /** Settles what the client has still to answer, or to ask. */
    fail(failure: Failure): void {
      free(failure);
      finish(current?.requestId, failure);
    },
    close(): void {
      closed = true;
      free();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Reads a whole body, of which it keeps no more than an answer may have. */
async function readBody(request: IncomingMessage): Promise<{ body: Buffer; size: number }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size <= MAXIMUM_PAYLOAD_BYTES) chunks.push(chunk);
  }
  return { body: Buffer.concat(chunks), size };
}

const failureOf = (errorType: string, errorMessage: string): Failure => {
  return { kind: 'error', errorType, errorMessage };
};

function reportedFailure(body: Buffer): Failure {
  const text = body.toString('utf8');
  try {
    const { errorType, errorMessage } = JSON.parse(text);
    return failureOf(String(errorType), String(errorMessage));
  } catch {
    return failureOf('Runtime.Unknown', text.slice(0, 1024));
  }
}

function parsedOrText(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function traceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`;
}
