import { Stack } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { Policy } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import {
  BucketDeployment,
  type BucketDeploymentProps,
  CacheControl,
  Source,
} from 'aws-cdk-lib/aws-s3-deployment';
import type { Construct } from 'constructs';
import { CONSOLE_INFO_PATH, type ConsoleInfo } from '#shared/contracts/console.ts';
import { API_STAGE } from '#shared/names.ts';
import { acknowledge, asFound, type Resolved } from './function-parts.ts';
import type { StackContext } from './stack-context.ts';

/** Metrics have one minute's resolution, and each asking is billed. */
const POLL_SECONDS = 60;
/** Files there are named after their contents. */
const IMMUTABLE = 'assets/*';

/**
 * Puts the page and what it must know into the bucket. Files of earlier builds stay: a page that is open asks for its own. What
 * is no asset is asked for anew each time, so that nothing has to be taken out of CloudFront's caches.
 */
export function consoleFiles(
  scope: Construct,
  { settings }: StackContext,
  { page, bucket, api }: { page: string; bucket: IBucket; api: RestApi },
): void {
  const info: ConsoleInfo = {
    where: 'aws',
    environmentName: settings.environmentName,
    apiUrl: `https://${api.restApiId}.execute-api.${Stack.of(scope).region}.${Stack.of(scope).urlSuffix}/${API_STAGE}`,
    needsKey: true,
    pollSeconds: POLL_SECONDS,
    canRedrive: false,
    commands: {
      redrive: 'npm run redrive -- --target aws',
      produce: 'npm run produce -- --target aws',
    },
  };
  const put = (id: string, props: Omit<BucketDeploymentProps, 'destinationBucket' | 'prune'>) =>
    new BucketDeployment(scope, id, { destinationBucket: bucket, prune: false, ...props });
  const assets = put('Assets', {
    sources: [Source.asset(page)],
    exclude: ['*'],
    include: [IMMUTABLE],
    cacheControl: [CacheControl.fromString('public, max-age=31536000, immutable')],
  });
  const others = put('Page', {
    sources: [Source.asset(page), Source.jsonData(CONSOLE_INFO_PATH.slice(1), info)],
    exclude: [IMMUTABLE],
    cacheControl: [CacheControl.noCache()],
  });
  // What a page asks for must be there before the page is.
  others.node.addDependency(assets);
  // Both are put by the same function.
  acknowledgeUploads(others);
}

/** CDK's own function puts the files: it may read what was uploaded with the templates, and write this one bucket. */
function acknowledgeUploads({ handlerRole }: BucketDeployment): void {
  const handler = handlerRole.node.scope ?? handlerRole;
  acknowledge(handler, 'L1', 'CDK ships the function that puts the files, with its runtime.');
  acknowledge(
    handler,
    'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    'CDK gives its function the policy that AWS manages for logs.',
  );
  const { document } = handlerRole.node.findChild('DefaultPolicy') as Policy;
  const { Statement } = Stack.of(handlerRole).resolve(document) as PolicyDocumentJson;
  const reason =
    'CDK lets its function read its own assets and fill this bucket, which holds a page alone.';
  for (const { Action, Resource } of Statement) {
    const found = [
      ...[Action].flat().map((action) => `Action::${action}`),
      ...[Resource].flat().map((resource) => `Resource::${asFound(resource)}`),
    ];
    for (const one of found) if (one.includes('*')) acknowledge(handler, `IAM5[${one}]`, reason);
  }
}

interface PolicyDocumentJson {
  readonly Statement: readonly {
    readonly Action: string | string[];
    readonly Resource: Resolved | Resolved[];
  }[];
}
