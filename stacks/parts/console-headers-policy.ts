import { Duration } from 'aws-cdk-lib';
import {
  HeadersFrameOption,
  HeadersReferrerPolicy,
  ResponseHeadersPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import type { Construct } from 'constructs';
import { consoleHeaders } from '#shared/contracts/console.ts';
import type { StackContext } from './stack-context.ts';

/** What CloudFront has a type of its own for; it takes them as no others. */
const CONTENT_SECURITY_POLICY = 'content-security-policy';
const TYPED = ['x-content-type-options', 'x-frame-options', 'referrer-policy'];

/** The headers that the local server sends too, and that browsers are to come by HTTPS for a year. */
export function consoleHeadersPolicy(
  scope: Construct,
  { names }: StackContext,
): ResponseHeadersPolicy {
  const override = true;
  const { [CONTENT_SECURITY_POLICY]: contentSecurityPolicy, ...others } = consoleHeaders;
  return new ResponseHeadersPolicy(scope, 'Headers', {
    responseHeadersPolicyName: `${names.prefix}-console`,
    securityHeadersBehavior: {
      contentSecurityPolicy: { contentSecurityPolicy, override },
      contentTypeOptions: { override },
      frameOptions: { frameOption: HeadersFrameOption.DENY, override },
      referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override },
      strictTransportSecurity: { accessControlMaxAge: Duration.days(365), override },
    },
    customHeadersBehavior: {
      customHeaders: Object.entries(others)
        .filter(([header]) => !TYPED.includes(header))
        .map(([header, value]) => ({ header, value, override })),
    },
  });
}
