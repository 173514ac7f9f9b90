import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { type Reply, replyInPart } from './partial-reply.ts';
import type { RequestFault, Service } from './plan.ts';

/** A proxy in front of one service that spoils requests as a plan says. */
export interface FaultProxy {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** What a proxy asks and tells; every fault that was really injected is reported once. */
export interface FaultProxyOptions {
  readonly service: Service;
  /** Where the service listens now; it may move when the stack is restarted. */
  readonly target: () => string;
  /** What to do to a request, by its operation and its body, uncompressed. */
  readonly decide: (operation: string, body: Buffer) => RequestFault | undefined;
  readonly onFault: (operation: string, fault: RequestFault) => void;
  /** Kills the function that sends such requests; called after the request was done, and waited for. */
  readonly kill: (operation: string) => unknown;
  readonly delayMs?: number;
}

const throttleCodes: Record<Service, string> = {
  kinesis: 'ProvisionedThroughputExceededException',
  dynamodb: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  cloudwatch: 'com.amazonaws.cloudwatch#Throttling',
  s3: 'SlowDown',
};

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing, options).catch(() => outgoing.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: FaultProxyOptions,
) {
  const body = await read(incoming);
  const operation = operationOf(incoming, options.service);
  const plain = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const fault = options.decide(operation, plain);
  if (fault !== undefined) options.onFault(operation, fault);
  switch (fault) {
    case 'throttle':
      return send(
        outgoing,
        refusal(
          options.service,
          throttleCodes[options.service],
          options.service === 's3' ? 503 : 400,
        ),
      );
    case 'internal-error':
      return send(outgoing, refusal(options.service, 'InternalFailure', 500));
    case 'expired-iterator':
      return send(outgoing, refusal(options.service, 'ExpiredIteratorException', 400));
    case 'partial':
      delete incoming.headers['content-encoding'];
      return send(
        outgoing,
        await replyInPart(operation, JSON.parse(plain.toString('utf8')), (part) =>
          forward(incoming, Buffer.from(JSON.stringify(part)), options.target()),
        ),
      );
    case 'refuse':
      return send(outgoing, refusal(options.service, 'InvalidParameterValueException', 400));
    case 'lose-response':
      await forward(incoming, body, options.target());
      outgoing.destroy();
      return;
    case 'kill-after':
      await forward(incoming, body, options.target());
      await options.kill(operation);
      outgoing.destroy();
      return;
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, options.delayMs ?? 1_500));
      return send(outgoing, await forward(incoming, body, options.target()));
    default:
      return send(outgoing, await forward(incoming, body, options.target()));
  }
}

/** Name of the API operation, from the target header, an RPC path or, for S3, method and path. */
export function operationOf(
  incoming: Pick<IncomingMessage, 'headers' | 'method' | 'url'>,
  service: Service,
): string {
  const target = incoming.headers['x-amz-target'];
  if (typeof target === 'string') return target.slice(target.lastIndexOf('.') + 1);
  const rpc = /\/operation\/(\w+)/.exec(incoming.url ?? '');
  if (rpc?.[1] !== undefined) return rpc[1];
  if (service === 's3') {
    const path = (incoming.url ?? '').split('?')[0] ?? '';
    const isObject = path.split('/').filter(Boolean).length > 1;
    return `${incoming.method === 'PUT' ? 'Put' : incoming.method === 'GET' ? 'Get' : 'Other'}${isObject ? 'Object' : 'Bucket'}`;
  }
  return 'Unknown';
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  await finished(incoming);
  return Buffer.concat(chunks);
}

function forward(incoming: IncomingMessage, body: Buffer, target: string): Promise<Reply> {
  const url = new URL(incoming.url ?? '/', target);
  const headers: Record<string, string | string[] | undefined> = {
    ...incoming.headers,
    host: url.host,
    'content-length': String(body.length),
  };
  delete headers['transfer-encoding'];
  return new Promise((resolve, reject) => {
    const onward = request(url, { method: incoming.method ?? 'POST', headers }, (answer) => {
      read(answer).then(
        (answered) =>
          resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: answered }),
        reject,
      );
    });
    onward.on('error', reject);
    onward.end(body);
  });
}

function send(outgoing: ServerResponse, reply: Reply): void {
  const headers = Object.fromEntries(
    Object.entries(reply.headers).filter(
      ([name, value]) => value !== undefined && !['transfer-encoding', 'connection'].includes(name),
    ),
  ) as Record<string, string | string[]>;
  outgoing.writeHead(reply.status, { ...headers, 'content-length': String(reply.body.length) });
  outgoing.end(reply.body);
}

function refusal(service: Service, code: string, status: number): Reply {
  const message = 'injected by the fault plan';
  if (service === 's3') {
    const body = Buffer.from(
      `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    );
    return { status, headers: { 'content-type': 'application/xml' }, body };
  }
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': code },
    body: Buffer.from(JSON.stringify({ __type: code, message })),
  };
}
