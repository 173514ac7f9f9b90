import { describe, expect, it } from 'vitest';
import { endpointEnvironment } from '#local/cloud/services.ts';

describe('endpointEnvironment', () => {
  it('names the region both ways, since boto3 and the old AWS CLI do not read AWS_REGION', () => {
    const at = (port: number) => `http://127.0.0.1:${port}`;

    const environment = endpointEnvironment({
      kinesis: at(1),
      dynamodb: at(2),
      cloudwatch: at(3),
      s3: at(4),
    });

    expect(environment.AWS_REGION).toMatch(/^[a-z]+-[a-z]+-\d$/);
    expect(environment.AWS_DEFAULT_REGION).toBe(environment.AWS_REGION);
    expect(environment.AWS_ENDPOINT_URL_DYNAMODB_STREAMS).toBe(at(2));
  });
});
