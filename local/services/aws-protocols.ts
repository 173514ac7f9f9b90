import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { cbor, tag } from '@smithy/core/cbor';
import { messageOf } from '#shared/errors.ts';
import { BodyTooLargeError, type HttpAnswer, type HttpService } from './http-server.ts';
import { type Operation, type Operations, ServiceError } from './operations.ts';

const unzip = promisify(gunzip);

/** Members by this name are times: in JSON numbers, in the other protocols of a form of their own. */
export const TIME = /Time(?:stamps?)?$/;

/** One call: its service and operation, as in `DynamoDB_20120810.PutItem`, and its input. */
export interface AwsCall {
  target: string;
  input: unknown;
}

/** How calls are read and answered; inside, times are epoch seconds and blobs base64, as in JSON. */
export interface AwsProtocol {
  /** Whether a request speaks it. */
  speaks(request: IncomingMessage): boolean;
  /** @throws {Error} where the body is not what the protocol asks for */
  read(request: IncomingMessage, body: Buffer): AwsCall;
  /** An output, or the members of an error, which is of no operation. */
  write(output: object, request: IncomingMessage, target?: string): HttpAnswer;
  /** An error, where it is more than its members. */
  writeError?(code: string, error: ServiceError): HttpAnswer;
}

/** A service that is called by operation. */
export interface AwsService<Context> {
  /** AWS JSON alone unless given; the last answers what none of them speaks. */
  protocols?: readonly [...AwsProtocol[], AwsProtocol];
  /** Before an error's name, such as `com.amazonaws.cloudwatch#`. */
  errorNamespace?: string;
  /** Whether errors tell their code in the query protocol too, for clients that began with it. */
  queryCompatible?: boolean;
  bodyLimitBytes: number;
  /** Limit of a body that came compressed; as `bodyLimitBytes` when left out. */
  inflatedLimitBytes?: number;
  /** Operations by service, since one endpoint may answer for several. */
  operations: Readonly<Record<string, Operations<Context>>>;
  context: Context;
}

/** A service of operations as HTTP meets it: whatever comes in gets an answer in the caller's protocol. */
export function awsService<Context>(service: AwsService<Context>): HttpService {
  const { protocols = [awsJson], errorNamespace = '', bodyLimitBytes, context } = service;
  const protocolOf = (request: IncomingMessage) =>
    protocols.find((protocol) => protocol.speaks(request)) ?? (protocols.at(-1) as AwsProtocol);
  // By way of a map, since a name from outside may be one of JavaScript's own.
  const operations = new Map<string, Operation<Context>>(
    Object.entries(service.operations).flatMap(([name, offered]) =>
      Object.entries(offered).map(([operation, run]) => [`${name}.${operation}`, run]),
    ),
  );
  return {
    bodyLimitBytes,
    answer: async (request, sent) => {
      const protocol = protocolOf(request);
      const limit = service.inflatedLimitBytes ?? bodyLimitBytes;
      const { target, input } = await readCall(protocol, request, sent, limit);
      const run = request.method === 'POST' ? operations.get(target) : undefined;
      if (run !== undefined) {
        return protocol.write((await run(context, input)) ?? {}, request, target);
      }
      throw new ServiceError(
        'com.amazon.coral.service#UnknownOperationException',
        `${JSON.stringify(target)} is not an operation of this service, or not sent by POST`,
      );
    },
    refuse: (error, request) => {
      const { type, message, members, statusCode } = error;
      const protocol = protocolOf(request);
      const code = type.replace(/^.*#/, '').replace(/(Exception|Fault)$/, '');
      const __type = type.includes('#') ? type : `${errorNamespace}${type}`;
      const { headers, body = '' } =
        protocol.writeError?.(code, error) ??
        protocol.write({ __type, message, Message: message, ...members }, request);
      const queryError = `${code};${statusCode < 500 ? 'Sender' : 'Receiver'}`;
      const told = service.queryCompatible ? { 'x-amzn-query-error': queryError } : {};
      return { statusCode, headers: { ...headers, ...told }, body };
    },
  };
}

async function readCall(
  protocol: AwsProtocol,
  request: IncomingMessage,
  sent: Buffer,
  limit: number,
): Promise<AwsCall> {
  let call: AwsCall;
  try {
    const isZipped = request.headers['content-encoding'] === 'gzip';
    call = protocol.read(request, isZipped ? await unzip(sent, { maxOutputLength: limit }) : sent);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new BodyTooLargeError(limit);
    throw new ServiceError('SerializationException', `body cannot be read: ${messageOf(error)}`);
  }
  if (call.input === null || typeof call.input !== 'object' || Array.isArray(call.input)) {
    throw new ServiceError('SerializationException', 'the input must be a structure');
  }
  return call;
}

/** AWS JSON 1.0 and 1.1: `POST /`, `x-amz-target`, a JSON body. */
export const awsJson: AwsProtocol = {
  speaks: (request) => request.headers['x-amz-target'] !== undefined,
  read: (request, body) => ({
    target: String(request.headers['x-amz-target'] ?? ''),
    input: body.length === 0 ? {} : JSON.parse(String(body)),
  }),
  write: (output, { headers }) => {
    const version = /^application\/x-amz-json-1\.1\b/.test(headers['content-type'] ?? '') ? 1 : 0;
    return {
      headers: { 'content-type': `application/x-amz-json-1.${version}` },
      body: JSON.stringify(output),
    };
  },
};

/** Smithy's RPC v2 in CBOR: `POST /service/<service>/operation/<operation>`. */
export const rpcV2Cbor: AwsProtocol = {
  speaks: (request) => request.headers['smithy-protocol'] === 'rpc-v2-cbor',
  read: (request, body) => {
    const path = /\/service\/(\w+)\/operation\/(\w+)$/.exec(request.url ?? '');
    const input = body.length === 0 ? {} : plain(cbor.deserialize(body));
    return { target: `${path?.[1]}.${path?.[2]}`, input };
  },
  write: (output) => ({
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
    body: Buffer.from(cbor.serialize(withTimes(output))),
  }),
};

/** What CBOR brought as JSON would have brought it; a tag, known by its symbol, stands for its value. */
function plain(input: unknown): unknown {
  const replace = (_name: string, value: unknown) => {
    const isTag = Object(value) === value && Object.getOwnPropertySymbols(value).length > 0;
    const inner = isTag ? (value as { value: unknown }).value : value;
    return typeof inner === 'bigint' ? Number(inner) : inner;
  };
  return JSON.parse(JSON.stringify(input, replace) ?? 'null');
}

/** By way of JSON, which leaves out what is undefined; times have a form of their own in CBOR. */
function withTimes(output: object): unknown {
  const time = (value: unknown) => (typeof value === 'number' ? tag({ tag: 1, value }) : value);
  return JSON.parse(JSON.stringify(output), (name, value) => {
    if (!TIME.test(name)) return value;
    return Array.isArray(value) ? value.map(time) : time(value);
  });
}
