import { describe, expect, it } from 'vitest';
import { checkTarget } from '#shared/cli/target.ts';

const name = 'AWS_ENDPOINT_URL_KINESIS';
const check = (target: 'local' | 'aws', environment: NodeJS.ProcessEnv) => () =>
  checkTarget(target, [name], environment);

describe('checkTarget', () => {
  it.each([
    'http://127.0.0.1:4567',
    'http://127.1.2.3',
    'http://localhost:4566/',
    'https://kinesis.localhost:4566',
    'http://[::1]:4567',
    'http://0.0.0.0:4567',
  ])('refuses %s where the target is aws', (address) => {
    expect(check('aws', { [name]: address })).toThrow(`--target aws, but ${name} is ${address}`);
    expect(check('aws', { AWS_ENDPOINT_URL: address })).toThrow(/but AWS_ENDPOINT_URL is/);
    expect(check('local', { [name]: address })).not.toThrow();
  });

  it.each([
    'https://kinesis.eu-west-1.amazonaws.com',
    'https://kinesis.cn-north-1.amazonaws.com.cn',
    'https://vpce-1.kinesis.eu-west-1.vpce.amazonaws.com',
    'https://kinesis.eu-west-1.api.aws',
  ])('refuses %s where the target is local', (address) => {
    expect(check('local', { [name]: address })).toThrow(
      `--target local, but ${name} is ${address}`,
    );
    expect(check('aws', { [name]: address })).not.toThrow();
  });

  it('takes any other address, and none, for what the target says', () => {
    for (const target of ['local', 'aws'] as const) {
      expect(check(target, {})).not.toThrow();
      expect(check(target, { [name]: '' })).not.toThrow();
      expect(check(target, { [name]: 'http://emulator.test:4566' })).not.toThrow();
      expect(check(target, { AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1' })).not.toThrow();
    }
  });

  it.each(['127.0.0.1:4567', 'localhost:4567', 'nonsense'])(
    'refuses %s, which is no address',
    (value) => {
      expect(check('aws', { [name]: value })).toThrow(
        `${name} is no http or https address: ${value}`,
      );
    },
  );
});
