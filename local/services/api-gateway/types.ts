import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { GatewayProblem } from '#shared/contracts/gateway-problems.ts';

/** One route of the API, `resource` as API Gateway writes it, such as `/v1/records/{id}`. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  resource: string;
  /** Answers what is wrong with a parsed body, or nothing; stands for API Gateway's request validator. */
  validateBody?: (body: unknown) => string | undefined;
}

/** What an invocation came to. */
export type InvokeResult = { ok: true; payload: unknown } | { ok: false; error: string };

/** Runs the function behind the API. */
export type Invoke = (event: APIGatewayProxyEvent) => Promise<InvokeResult>;

/** Options of the API Gateway stand-in. */
export interface ApiGatewayOptions {
  routes: readonly Route[];
  invoke: Invoke;
  /** Wordings of the gateway's own errors by response type; its defaults where left out. */
  problems?: readonly GatewayProblem[];
  /** Port on 127.0.0.1; 0 or left out takes any free one. */
  port?: number;
  /** Keys that `x-api-key` must be one of; no check when left out. */
  apiKeys?: readonly string[];
  /** Stage in `requestContext`; it is not part of the local path. Default `local`. */
  stage?: string;
  /** How long an invocation may take, in milliseconds. Default 29 seconds. */
  timeoutMs?: number;
  /** Largest request body in bytes. Default 10 MB. */
  bodyLimitBytes?: number;
  /** `Access-Control-Allow-Origin` of gateway errors and preflight answers. Default `*`. */
  allowOrigin?: string;
}
