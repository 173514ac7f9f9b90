import { Readable } from 'node:stream';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { describe, expect, it } from 'vitest';
import { createMetricsService } from '#consumers/metrics/cloudwatch.ts';

const fault = (status: number, name: string) => ({
  status,
  body: { __type: `com.amazonaws.cloudwatch#${name}`, message: name },
});

/** A CloudWatch client whose transport gives this answer, or fails where it is an error. */
function clientThat(answer: { status: number; body: object | string } | Error) {
  const calls: { target: string | undefined; body: string }[] = [];
  const client = new CloudWatchClient({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: { headers: Record<string, string>; body: Uint8Array }) => {
        calls.push({
          target: request.headers['x-amz-target'],
          body: Buffer.from(request.body).toString('utf8'),
        });
        if (answer instanceof Error) throw answer;
        return {
          response: {
            statusCode: answer.status,
            headers: { 'content-type': 'application/x-amz-json-1.0' },
            body: Readable.from([
              Buffer.from(
                typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body),
              ),
            ]),
          },
        };
      },
    },
  });
  return { service: createMetricsService(client, 'Spanstream/dev'), calls };
}

const data = [
  {
    name: 'RecordsProcessed',
    dimensions: { Source: 'news' },
    unit: 'Count',
    values: [7],
    counts: [1],
  },
] as const;
const soon = () => AbortSignal.timeout(5_000);

describe('put', () => {
  it('sends all data in one call', async () => {
    const { service, calls } = clientThat({ status: 200, body: {} });

    const outcome = await service.put(data, Date.UTC(2026, 0, 1), soon());

    expect(outcome).toEqual({ status: 'arrived' });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.target).toMatch(/\.PutMetricData$/);
    expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({
      Namespace: 'Spanstream/dev',
      MetricData: [
        {
          MetricName: 'RecordsProcessed',
          Dimensions: [{ Name: 'Source', Value: 'news' }],
          Timestamp: Date.UTC(2026, 0, 1) / 1_000,
          Values: [7],
          Counts: [1],
        },
      ],
    });
  });

  it.each([
    ['throttled', fault(400, 'ThrottlingException')],
    ['refused', fault(400, 'InvalidParameterValueException')],
    ['refused', fault(403, 'AccessDeniedException')],
    ['refused', fault(413, 'RequestEntityTooLarge')],
    ['throttled', fault(429, 'TooManyRequestsException')],
    ['throttled', fault(503, 'ThrottlingException')],
    ['unknown', fault(408, 'RequestTimeout')],
    ['unknown', fault(500, 'InternalServiceFault')],
    ['unknown', { status: 500, body: '<html>Bad Gateway</html>' }],
    ['unknown', { status: 302, body: '' }],
    ['unknown', { status: 200, body: '{"half' }],
    ['refused', { status: 400, body: '<html>Bad Request</html>' }],
    ['refused', { status: 400, body: '' }],
    ['refused', { status: 400, body: '[]' }],
    ['refused', { status: 400, body: 'null' }],
    ['unknown', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
  ])('is %s after %j, and never tries again by itself', async (status, answer) => {
    const { service, calls } = clientThat(answer);

    const outcome = await service.put(data, Date.UTC(2026, 0, 1), soon());

    expect(outcome.status).toBe(status);
    expect(calls).toHaveLength(1);
  });
});

describe('largestNumber', () => {
  it('is the largest maximum around the time, undefined where there is none', async () => {
    const around = Date.UTC(2026, 0, 1, 0, 0, 30);
    const Datapoints = [{ Maximum: 4 }, { Maximum: 9 }];

    const some = await clientThat({ status: 200, body: { Datapoints } }).service.largestNumber(
      around,
      around,
    );
    const none = await clientThat({ status: 200, body: {} }).service.largestNumber(around, around);

    expect([some, none]).toEqual([9, undefined]);
  });
});
