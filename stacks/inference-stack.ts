import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Stream } from 'aws-cdk-lib/aws-kinesis';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { REJECTED_PREFIX } from '#shared/dead-letters/object.ts';
import { functionEnvironments } from '#shared/function-environment.ts';
import { allowAbandoning, allowParking, failuresBucket } from './parts/failures-bucket.ts';
import { allow } from './parts/function-parts.ts';
import { ModelFunction } from './parts/model-function.ts';
import { type RedactionKeys, redactionEnvironment, redactionKeys } from './parts/redaction.ts';
import { resultsTable } from './parts/results-table.ts';
import { type StackContext, tagAll } from './parts/stack-context.ts';
import { StreamMapping } from './parts/stream-mapping.ts';

/** Texts to results: the function on the stream, the table it writes, the bucket for what fails. */
export class InferenceStack extends Stack {
  readonly results: Table;
  readonly failures: Bucket;
  readonly redaction: RedactionKeys | undefined;

  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    props: StackProps & { stream: Stream },
  ) {
    super(scope, id, props);
    const { settings, names } = context;
    this.results = resultsTable(this, context);
    this.redaction = redactionKeys(this, context);
    this.failures = failuresBucket(this, context, this.redaction?.parked);

    const inference = new ModelFunction(this, 'Inference', context, {
      functionName: names.inferenceFunction,
      description: 'Entities and answers of the texts on the stream',
      handler: 'dist/inference/index.handler',
      settings: settings.inference,
      environment: {
        ...functionEnvironments(settings, names).inference,
        ...redactionEnvironment(this.redaction),
        SPANSTREAM_FAILURES_BUCKET: this.failures.bucketName,
      },
    });
    this.allowWork(inference, props.stream);
    new StreamMapping(this, 'Mapping', {
      target: inference.target,
      streamArn: props.stream.streamArn,
      settings: settings.inference.mapping,
      failures: this.failures,
    });
    new CfnOutput(this, 'FailuresBucket', { value: this.failures.bucketName });
    tagAll(this, context);
  }

  private allowWork({ role }: ModelFunction, stream: Stream): void {
    allow(
      role,
      [
        'kinesis:DescribeStream',
        'kinesis:DescribeStreamSummary',
        'kinesis:GetRecords',
        'kinesis:GetShardIterator',
        'kinesis:ListShards',
      ],
      stream.streamArn,
    );
    allow(role, ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem'], this.results.tableArn);
    allowParking(role, this.failures, REJECTED_PREFIX);
    allowAbandoning(role, this.failures);
    if (this.redaction) allow(role, ['kms:GenerateDataKey'], this.redaction.parked.keyArn);
  }
}
