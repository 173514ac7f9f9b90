import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
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
  readonly decide: (operation: string) => RequestFault | undefined;
  readonly onFault: (operation: string, fault: RequestFault) => void;
  /** Kills the function that sends such requests; called after the request was done. */
  readonly kill: (operation: string) => void;
  readonly delayMs?: number;
}

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
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
  const fault = options.decide(operation);
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
      return send(outgoing, await inPart(incoming, body, operation, options));
    case 'lose-response':
      await forward(incoming, body, options.target());
      outgoing.destroy();
      return;
    case 'kill-after':
      await forward(incoming, body, options.target());
      options.kill(operation);
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

/** Every other entry goes through; the rest comes back as the API says that it was not taken. */
async function inPart(
  incoming: IncomingMessage,
  body: Buffer,
  operation: string,
  options: FaultProxyOptions,
): Promise<Reply> {
  const plain = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const parsed = JSON.parse(plain.toString('utf8')) as Record<string, unknown>;
  const split = operation === 'PutRecords' ? splitPutRecords : splitBatchWrite;
  return split(parsed, async (part) => {
    delete incoming.headers['content-encoding'];
    return forward(incoming, Buffer.from(JSON.stringify(part)), options.target());
  });
}

type Pass = (part: Record<string, unknown>) => Promise<Reply>;

async function splitPutRecords(call: Record<string, unknown>, pass: Pass): Promise<Reply> {
  const records = call.Records as unknown[];
  const kept = records.filter((_, index) => index % 2 === 0);
  const reply = await pass({ ...call, Records: kept });
  if (reply.status !== 200) return reply;
  const answer = JSON.parse(reply.body.toString('utf8')) as { Records: unknown[] };
  const refused = {
    ErrorCode: 'ProvisionedThroughputExceededException',
    ErrorMessage: 'Rate exceeded',
  };
  const merged = records.map((_, index) => (index % 2 === 0 ? answer.Records[index / 2] : refused));
  return json(reply, {
    ...answer,
    FailedRecordCount: records.length - kept.length,
    Records: merged,
  });
}

async function splitBatchWrite(call: Record<string, unknown>, pass: Pass): Promise<Reply> {
  const tables = Object.entries(call.RequestItems as Record<string, unknown[]>);
  const half = (odd: number) =>
    Object.fromEntries(
      tables
        .map(([table, items]) => [table, items.filter((_, index) => index % 2 === odd)] as const)
        .filter(([, items]) => items.length > 0),
    );
  const reply = await pass({ ...call, RequestItems: half(0) });
  if (reply.status !== 200) return reply;
  const answer = JSON.parse(reply.body.toString('utf8')) as Record<string, unknown>;
  return json(reply, { ...answer, UnprocessedItems: half(1) });
}

function json(reply: Reply, value: unknown): Reply {
  const { 'x-amz-crc32': _, ...headers } = reply.headers;
  return { status: reply.status, headers, body: Buffer.from(JSON.stringify(value)) };
}
