/** A Kinesis event as Lambda hands it over, of the given blobs. */
export function kinesisEvent(blobs: readonly string[], arrival: Date) {
  return {
    Records: blobs.map((blob, index) => ({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: `key-${index}`,
        sequenceNumber: `4959033827149025660855969253836157109592157598913658${String(index).padStart(4, '0')}`,
        data: Buffer.from(blob).toString('base64'),
        approximateArrivalTimestamp: arrival.getTime() / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `shardId-000000000000:${index}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn:aws:iam::123456789012:role/inference',
      awsRegion: 'us-east-1',
      eventSourceARN: 'arn:aws:kinesis:us-east-1:123456789012:stream/spanstream-image-text',
    })),
  };
}

/** An API Gateway (REST, proxy) event that posts JSON. */
export function apiGatewayEvent(path: string, body: unknown) {
  const headers = { 'content-type': 'application/json', host: 'localhost' };
  return {
    resource: path,
    path,
    httpMethod: 'POST',
    headers,
    multiValueHeaders: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value]]),
    ),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      accountId: '123456789012',
      apiId: 'image',
      httpMethod: 'POST',
      path: `/live${path}`,
      protocol: 'HTTP/1.1',
      requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      requestTimeEpoch: 1_700_000_000_000,
      resourceId: 'image',
      resourcePath: path,
      stage: 'live',
      identity: { sourceIp: '127.0.0.1', userAgent: 'image-check' },
      authorizer: null,
    },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}
