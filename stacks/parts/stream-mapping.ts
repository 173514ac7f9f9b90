import type { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { MappingSettings } from '#shared/settings.ts';

/** What reads a stream for a function. */
export interface StreamMappingProps {
  readonly target: { readonly functionArn: string; readonly role?: IRole | undefined };
  readonly streamArn: string;
  readonly settings: MappingSettings;
  /** Bucket for what is given up, with its records. */
  readonly failures: { readonly bucketArn: string };
}

/** Maps a stream to a function: every setting spelled out, failed records reported one by one. */
export class StreamMapping extends Construct {
  readonly resource: CfnEventSourceMapping;

  constructor(scope: Construct, id: string, props: StreamMappingProps) {
    super(scope, id);
    const { target, streamArn, settings, failures } = props;
    this.resource = new CfnEventSourceMapping(this, 'Resource', {
      functionName: target.functionArn,
      eventSourceArn: streamArn,
      startingPosition: settings.startingPosition,
      batchSize: settings.batchSize,
      maximumBatchingWindowInSeconds: settings.batchingWindowSeconds,
      parallelizationFactor: settings.parallelizationFactor,
      bisectBatchOnFunctionError: settings.bisectOnError,
      maximumRetryAttempts: settings.maximumRetryAttempts,
      maximumRecordAgeInSeconds: settings.maximumRecordAgeSeconds,
      functionResponseTypes: ['ReportBatchItemFailures'],
      // An update leaves what a template no longer names as it was, and a window wants answers that no function here gives.
      tumblingWindowInSeconds: 0,
      destinationConfig: { onFailure: { destination: failures.bucketArn } },
      // Counts what is given up, by mapping: the bucket's own metrics cannot tell one mapping's objects from another's.
      metricsConfig: { metrics: ['EventCount'] },
    });
    // Lambda tries the role on the stream when it makes the mapping: the policy must be there by then.
    const role = target.role?.node.tryFindChild('DefaultPolicy');
    if (role) this.resource.node.addDependency(role);
  }
}
