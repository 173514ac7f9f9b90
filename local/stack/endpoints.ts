/** Services of the local stack that speak an AWS wire protocol. */
export type ServiceName = 'kinesis' | 'dynamodb' | 'cloudwatch' | 's3';

/** Base addresses by service. */
export type Endpoints = Readonly<Record<ServiceName, string>>;

/** What any AWS SDK or the AWS CLI needs in its environment to talk to the local stack; the credentials mean nothing. */
export function endpointEnvironment(endpoints: Endpoints): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_KINESIS: endpoints.kinesis,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoints.dynamodb,
    AWS_ENDPOINT_URL_CLOUDWATCH: endpoints.cloudwatch,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_REGION: 'us-east-1',
    // The AWS CLI before version 2 and boto3 know the region by this name alone.
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
}
