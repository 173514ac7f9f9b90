/** What every answer of the API tells browsers, errors included: any page may call, since a key or a signature guards it. */
export const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers':
    'content-type, x-api-key, authorization, x-amz-date, x-amz-security-token',
} as const;

/** An error that API Gateway answers by itself, by its response type; without a detail its own message is passed on. */
export interface GatewayProblem {
  readonly type: string;
  /** Absent where it stays as it is, and the body does not repeat it. */
  readonly status?: number;
  readonly title: string;
  readonly detail?: string;
}

/** What API Gateway answers by itself, worded as the function's own errors are (RFC 9457); the local one answers the same. */
export const gatewayProblems: readonly GatewayProblem[] = [
  { type: 'BAD_REQUEST_BODY', status: 400, title: 'Bad request' },
  { type: 'BAD_REQUEST_PARAMETERS', status: 400, title: 'Bad request' },
  { type: 'ACCESS_DENIED', status: 403, title: 'Forbidden' },
  { type: 'INVALID_API_KEY', status: 403, title: 'Forbidden' },
  {
    type: 'MISSING_AUTHENTICATION_TOKEN',
    status: 404,
    title: 'Not found',
    detail: 'There is no such path, or it needs a signature.',
  },
  {
    type: 'REQUEST_TOO_LARGE',
    status: 413,
    title: 'Content too large',
    detail: 'The body is too large: as JSON in the JSON of an event it may take 6 MB.',
  },
  { type: 'UNSUPPORTED_MEDIA_TYPE', status: 415, title: 'Unsupported media type' },
  { type: 'THROTTLED', status: 429, title: 'Too many requests' },
  { type: 'QUOTA_EXCEEDED', status: 429, title: 'Too many requests' },
  { type: 'INTEGRATION_TIMEOUT', status: 504, title: 'Out of time' },
  { type: 'DEFAULT_5XX', title: 'Internal server error', detail: 'The call failed; try again.' },
];
