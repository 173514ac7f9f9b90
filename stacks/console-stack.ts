import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HttpVersion,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { RestApiOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { API_PATHS } from '#shared/contracts/console.ts';
import { ConfigurationError } from '#shared/errors.ts';
import { consoleFiles } from './parts/console-files.ts';
import { consoleHeadersPolicy } from './parts/console-headers-policy.ts';
import { acknowledge } from './parts/function-parts.ts';
import { bucketNameOf, privateBucket } from './parts/private-bucket.ts';
import { type StackContext, tagAll } from './parts/stack-context.ts';

/** The console: its page in a bucket that CloudFront alone may read, and the API under the same name. */
export class ConsoleStack extends Stack {
  /** @throws {ConfigurationError} where the page is not built */
  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    props: StackProps & { api: RestApi },
  ) {
    super(scope, id, props);
    const { settings, names, root } = context;
    const page = join(root, 'dist/console');
    if (!existsSync(join(page, 'index.html'))) {
      throw new ConfigurationError(
        `console.enabled, but ${page} has no page: npm run console:build makes it`,
      );
    }
    const bucket = privateBucket(this, 'Bucket', context, {
      bucketName: bucketNameOf(names.consoleBucket),
      unlogged: 'It holds the files of a page, the same for everybody; CloudFront alone reads it.',
    });
    const { domainName, certificateArn, logsBucket } = settings.console;
    const distribution = new Distribution(this, 'Distribution', {
      comment: `The console of ${names.prefix}`,
      defaultRootObject: 'index.html',
      httpVersion: HttpVersion.HTTP2_AND_3,
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      defaultBehavior: {
        // `isWebsite` may be undefined in the class's type only, which the interface does not allow for.
        origin: S3BucketOrigin.withOriginAccessControl(bucket as IBucket),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        responseHeadersPolicy: consoleHeadersPolicy(this, context),
      },
      additionalBehaviors: {
        [API_PATHS]: {
          // A call may take as long as API Gateway lets it.
          origin: new RestApiOrigin(props.api, { readTimeout: Duration.seconds(30) }),
          viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
          allowedMethods: AllowedMethods.ALLOW_ALL,
          cachePolicy: CachePolicy.CACHING_DISABLED,
          originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
          responseHeadersPolicy: ResponseHeadersPolicy.SECURITY_HEADERS,
        },
      },
      ...(domainName !== undefined &&
        certificateArn !== undefined && {
          domainNames: [domainName],
          certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
        }),
      ...(logsBucket !== undefined && {
        logBucket: Bucket.fromBucketName(this, 'Logs', logsBucket),
        logFilePrefix: `${names.prefix}-console/`,
      }),
    });
    acknowledgeDistribution(distribution, settings.console);
    consoleFiles(this, context, { page, bucket: bucket as IBucket, api: props.api });
    new CfnOutput(this, 'ConsoleUrl', {
      value: `https://${domainName ?? distribution.distributionDomainName}/`,
    });
    tagAll(this, context);
  }
}

function acknowledgeDistribution(
  distribution: Distribution,
  { domainName, logsBucket }: StackContext['settings']['console'],
): void {
  acknowledge(
    distribution,
    'CFR1',
    'Who may see the page is no question of where they are: it holds nothing, and the API asks for a key.',
  );
  acknowledge(
    distribution,
    'CFR2',
    'A web ACL costs more than an idle deployment; throttling and keys bound the calls, and an ACL can be put on from outside.',
  );
  if (logsBucket === undefined) {
    acknowledge(
      distribution,
      'CFR3',
      'The API logs each call; `console.logsBucket` names a bucket for what is asked of the page.',
    );
  }
  if (domainName === undefined) {
    acknowledge(
      distribution,
      'CFR4',
      'Under its own name CloudFront decides by itself which TLS it takes; `console.domainName` has TLS 1.2 and newer alone.',
    );
  }
}
