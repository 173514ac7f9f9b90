import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MAXIMUM_PAYLOAD_BYTES } from './invocation.ts';

/** What a runtime client tells of an error. */
export interface RuntimeError {
  readonly errorType: string;
  readonly errorMessage: string;
}

/** What the Runtime API tells its owner; answers name the request they are for. */
export interface RuntimeListener {
  /** The client asks for its next invocation: init is over, or the last invocation is. */
  ready(): void;
  initFailed(error: RuntimeError): void;
  answered(requestId: string, body: string): void;
  failed(requestId: string, error: RuntimeError): void;
}

/** The Lambda Runtime API of one execution environment. */
export interface RuntimeApi {
  /** `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it. */
  readonly address: string;
  /** Answers the pending `next` call; the deadline is in epoch milliseconds. */
  hand(invocation: {
    readonly requestId: string;
    readonly deadline: number;
    readonly functionArn: string;
    readonly traceId: string;
    readonly body: string;
  }): void;
  close(): void;
}

const invocationPath = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;

/** Starts a Runtime API on a free port of 127.0.0.1. */
export async function startRuntimeApi(listener: RuntimeListener): Promise<RuntimeApi> {
  let waiting: ServerResponse | undefined;

  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (request.method === 'GET' && path === '/2018-06-01/runtime/invocation/next') {
      waiting = response;
      listener.ready();
    } else {
      receive(request, response).catch(() => response.destroy());
    }
  });

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const [, requestId, action] = invocationPath.exec(path) ?? [];
    const { body, size } = await readBody(request);
    if (request.method !== 'POST') {
      send(response, 404, { errorType: 'NotFound', errorMessage: path });
    } else if (path === '/2018-06-01/runtime/init/error') {
      send(response, 202, { status: 'OK' });
      listener.initFailed(runtimeErrorOf(body));
    } else if (requestId === undefined) {
      send(response, 404, { errorType: 'NotFound', errorMessage: path });
    } else if (action === 'error') {
      send(response, 202, { status: 'OK' });
      listener.failed(requestId, runtimeErrorOf(body));
    } else if (size > MAXIMUM_PAYLOAD_BYTES) {
      const error = tooLarge(size);
      send(response, 413, error);
      listener.failed(requestId, error);
    } else {
      send(response, 202, { status: 'OK' });
      listener.answered(requestId, body.toString('utf8'));
    }
  }

  // Invocations last minutes, and so do the calls that wait for one.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    address: `127.0.0.1:${port}`,
    hand(invocation) {
      waiting?.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation.requestId,
        'lambda-runtime-deadline-ms': String(invocation.deadline),
        'lambda-runtime-invoked-function-arn': invocation.functionArn,
        'lambda-runtime-trace-id': invocation.traceId,
      });
      waiting?.end(invocation.body);
      waiting = undefined;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function tooLarge(bytes: number): RuntimeError {
  return {
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${MAXIMUM_PAYLOAD_BYTES} bytes).`,
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

function runtimeErrorOf(body: Buffer): RuntimeError {
  try {
    const { errorType, errorMessage } = JSON.parse(body.toString('utf8'));
    return { errorType: String(errorType), errorMessage: String(errorMessage) };
  } catch {
    return { errorType: 'Runtime.Unknown', errorMessage: body.toString('utf8').slice(0, 1024) };
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
