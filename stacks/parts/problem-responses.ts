import {
  type GatewayResponseOptions,
  ResponseType,
  type RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import {
  corsHeaders,
  type GatewayProblem,
  gatewayProblems,
} from '#shared/contracts/gateway-problems.ts';

/** Values stand in quotes here. */
const cors = {
  'Access-Control-Allow-Origin': `'${corsHeaders['access-control-allow-origin']}'`,
  'Access-Control-Allow-Headers': `'${corsHeaders['access-control-allow-headers']}'`,
};

/** What the gateway says where the project does not: messageString comes with its quotes. */
function detailOf({ type, detail }: GatewayProblem): string {
  if (detail !== undefined) return `"${detail}"`;
  // This one names the field, which the message does not.
  if (type === 'BAD_REQUEST_BODY') return '"$context.error.validationErrorString"';
  return '$context.error.messageString';
}

function options(problem: GatewayProblem): GatewayResponseOptions {
  const { type, status, title } = problem;
  return {
    type: ResponseType.of(type),
    ...(status !== undefined && { statusCode: String(status) }),
    responseHeaders: { ...cors, 'Content-Type': "'application/problem+json'" },
    templates: {
      'application/json': `{"type":"about:blank","title":"${title}"${status === undefined ? '' : `,"status":${status}`},"detail":${detailOf(problem)}}`,
    },
  };
}

/** Gives the gateway's own errors CORS headers, which it leaves out by default, and a body that names the problem. */
export function addProblemResponses(api: RestApi): void {
  api.addGatewayResponse('Default4xx', { type: ResponseType.DEFAULT_4XX, responseHeaders: cors });
  for (const problem of gatewayProblems) api.addGatewayResponse(problem.type, options(problem));
}
