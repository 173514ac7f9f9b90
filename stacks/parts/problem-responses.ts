import {
  type GatewayResponseOptions,
  ResponseType,
  type RestApi,
} from 'aws-cdk-lib/aws-apigateway';

const cors = {
  'Access-Control-Allow-Origin': "'*'",
  'Access-Control-Allow-Headers':
    "'content-type,x-api-key,authorization,x-amz-date,x-amz-security-token'",
};

/** What API Gateway answers by itself, by status: in the shape of the function's own answers (RFC 9457). */
const problems: readonly {
  readonly type: ResponseType;
  readonly status: number;
  readonly title: string;
  /** Says more than API Gateway's own message. */
  readonly detail?: string;
}[] = [
  {
    type: ResponseType.BAD_REQUEST_BODY,
    status: 400,
    title: 'Bad request',
    detail: '$context.error.validationErrorString',
  },
  { type: ResponseType.BAD_REQUEST_PARAMETERS, status: 400, title: 'Bad request' },
  { type: ResponseType.ACCESS_DENIED, status: 403, title: 'Forbidden' },
  { type: ResponseType.INVALID_API_KEY, status: 403, title: 'Forbidden' },
  {
    type: ResponseType.MISSING_AUTHENTICATION_TOKEN,
    status: 404,
    title: 'Not found',
    detail: 'There is no such path, or it needs a signature.',
  },
  { type: ResponseType.REQUEST_TOO_LARGE, status: 413, title: 'Content too large' },
  { type: ResponseType.UNSUPPORTED_MEDIA_TYPE, status: 415, title: 'Unsupported media type' },
  { type: ResponseType.THROTTLED, status: 429, title: 'Too many requests' },
  { type: ResponseType.QUOTA_EXCEEDED, status: 429, title: 'Too many requests' },
  { type: ResponseType.INTEGRATION_TIMEOUT, status: 504, title: 'Out of time' },
];

function options({
  type,
  status,
  title,
  detail,
}: (typeof problems)[number]): GatewayResponseOptions {
  // messageString comes with its quotes.
  const described = detail === undefined ? '$context.error.messageString' : `"${detail}"`;
  return {
    type,
    statusCode: String(status),
    responseHeaders: { ...cors, 'Content-Type': "'application/problem+json'" },
    templates: {
      'application/json': `{"type":"about:blank","title":"${title}","status":${status},"detail":${described}}`,
    },
  };
}

/** Gives the gateway's own errors CORS headers, which it leaves out by default, and a body that names the problem. */
export function addProblemResponses(api: RestApi): void {
  for (const [id, type] of [
    ['Default4xx', ResponseType.DEFAULT_4XX],
    ['Default5xx', ResponseType.DEFAULT_5XX],
  ] as const) {
    api.addGatewayResponse(id, { type, responseHeaders: cors });
  }
  for (const problem of problems) {
    api.addGatewayResponse(problem.type.responseType, options(problem));
  }
}
