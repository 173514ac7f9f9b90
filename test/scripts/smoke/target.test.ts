import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#shared/errors.ts';
import { targetEnvironment } from '../../../scripts/smoke/target.ts';

const local = {
  AWS_ENDPOINT_URL_KINESIS: 'http://127.0.0.1:1',
  AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:2',
  AWS_ENDPOINT_URL_CLOUDWATCH: 'http://127.0.0.1:3',
  AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:4',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  SPANSTREAM_HTTP_URL: 'http://127.0.0.1:5/',
};
const deps = {
  readLocalEndpoints: async () => local,
  readOutputs: async (): Promise<unknown> => ({
    'stack-a': { FailuresBucket: 'bucket' },
    'stack-b': { ApiUrl: 'https://id.execute-api.eu-west-1.amazonaws.com/live/' },
  }),
};

describe('targetEnvironment', () => {
  it('finds a local stack by its file, and lets variables win', async () => {
    const found = await targetEnvironment('local', { AWS_REGION: 'eu-west-1' }, deps);

    expect(found).toMatchObject({
      AWS_ENDPOINT_URL_KINESIS: local.AWS_ENDPOINT_URL_KINESIS,
      AWS_REGION: 'eu-west-1',
      SPANSTREAM_HTTP_URL: 'http://127.0.0.1:5',
    });
  });

  it('finds the API on AWS by the outputs, and sets no endpoint there', async () => {
    const found = await targetEnvironment('aws', {}, deps);

    expect(found).toEqual({
      SPANSTREAM_HTTP_URL: 'https://id.execute-api.eu-west-1.amazonaws.com/live',
    });
  });

  it.each(['AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL', 'SPANSTREAM_HTTP_URL'])(
    'does not test this machine for AWS, where %s leads',
    async (name) => {
      const environment = { [name]: 'http://127.0.0.1:4568' };

      await expect(targetEnvironment('aws', environment, deps)).rejects.toThrow(
        `--target aws, but ${name} is http://127.0.0.1:4568`,
      );
    },
  );

  it('says what is missing', async () => {
    const lacking = { ...deps, readOutputs: async (): Promise<unknown> => ({}) };

    await expect(targetEnvironment('aws', {}, lacking)).rejects.toThrow(ConfigurationError);
  });
});
