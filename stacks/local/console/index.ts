import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type * as z from 'zod';
import type { HttpAnswer, HttpService } from '#local/services/http-server.ts';
import { type LocalService, serve } from '#local/services/local-service.ts';
import { ServiceError } from '#local/services/operations.ts';
import {
  CONSOLE_INFO_PATH,
  type ConsoleInfo,
  consoleHeaders,
  REDRIVE_HEADER,
  REDRIVE_PATH,
  type RedriveAnswer,
  redriveBodySchema,
} from '#shared/contracts/console.ts';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { validate } from '#shared/contracts/validate.ts';
import { ValidationError } from '#shared/errors.ts';
import { staticFile } from './static-files.ts';

/** What the server of the page works with. */
export interface ConsoleOptions {
  /** The page as it was built. */
  readonly directory: string;
  /** Answers all under `/v1/`, so that the page asks no other origin than its own. */
  readonly api: HttpService;
  readonly info: ConsoleInfo;
  readonly redrive: (wanted: z.output<typeof redriveBodySchema>) => Promise<RedriveAnswer>;
  /** Port on 127.0.0.1; 0 or left out takes any free one. */
  readonly port?: number | undefined;
}

/**
 * Serves the page, what it must know of its stack, the API, and a way to redrive, all of one origin.
 *
 * @throws {ConfigurationError} where the port cannot be had
 */
export function startConsole(options: ConsoleOptions): Promise<LocalService> {
  const { api, port } = options;
  return serve(
    {
      bodyLimitBytes: api.bodyLimitBytes,
      answer: (request, body) =>
        isForApi(request) ? api.answer(request, body) : answer(request, body, options),
      refuse: (error, request) => (isForApi(request) ? api.refuse(error, request) : refuse(error)),
    },
    { port },
  );
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?')[0] ?? '';
const isForApi = (request: IncomingMessage): boolean => pathOf(request).startsWith('/v1/');

async function answer(
  request: IncomingMessage,
  body: Buffer,
  { directory, info, redrive }: ConsoleOptions,
): Promise<HttpAnswer> {
  const path = pathOf(request);
  if (path === REDRIVE_PATH) {
    allow(request, ['POST']);
    refuseOtherPages(request);
    return json(await redrive(readBody(request, body)));
  }
  allow(request, ['GET', 'HEAD']);
  if (path === CONSOLE_INFO_PATH) return json(info);
  const file = await staticFile(directory, path);
  if (file) return file;
  const why =
    path === '/'
      ? 'The page is not built: npm run console:build does it.'
      : `There is nothing at ${path.slice(0, 500)}.`;
  throw new ServiceError('NotFound', why, { statusCode: 404 });
}

const json = (value: unknown): HttpAnswer => ({
  headers: {
    ...consoleHeaders,
    'content-type': 'application/json',
    'cache-control': 'no-store',
  },
  body: JSON.stringify(value),
});

function allow({ method = '' }: IncomingMessage, methods: readonly string[]): void {
  if (methods.includes(method)) return;
  const message = `${method} is not one of: ${methods.join(', ')}.`;
  throw new ServiceError('MethodNotAllowed', message, { statusCode: 405 });
}

/** Other pages of this machine are loopback names too: only the page that came from here may have records sent. */
function refuseOtherPages({ headers }: IncomingMessage): void {
  const isOwn =
    headers.origin === `http://${headers.host}` &&
    (headers['sec-fetch-site'] ?? 'same-origin') === 'same-origin' &&
    headers[REDRIVE_HEADER] === '1';
  if (isOwn) return;
  const message = `Only the page of this address may redrive; another program runs the command.`;
  throw new ServiceError('AccessDeniedException', message, { statusCode: 403 });
}

function readBody({ headers }: IncomingMessage, body: Buffer) {
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    const message = 'The body must be application/json.';
    throw new ServiceError('UnsupportedMediaType', message, { statusCode: 415 });
  }
  try {
    return validate(redriveBodySchema, parseJson(body.toString('utf8')));
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const field = error.field.replace('(record)', '(body)');
    const message = error.message.replace('(record)', '(body)');
    const members = { errors: [{ field, message }] };
    throw new ServiceError('BadRequest', message, { statusCode: 400, members });
  }
}

/** A problem as the API's are; of what went wrong in here nothing is told. */
function refuse({ statusCode, message, members }: ServiceError): HttpAnswer {
  const detail = statusCode === 500 ? 'The call failed; try again.' : message;
  const problem = { type: 'about:blank', title: STATUS_CODES[statusCode], status: statusCode };
  return {
    statusCode,
    headers: { ...consoleHeaders, 'content-type': 'application/problem+json' },
    body: JSON.stringify({ ...problem, detail, ...members }),
  };
}
