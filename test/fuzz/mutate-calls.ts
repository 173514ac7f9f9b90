import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { cbor } from '@smithy/core/cbor';

/** Longest that one call may take before it counts as a hang. */
const HANG_MS = 10_000;
const AT_ONCE = 8;

/** Base addresses of the local services. */
export interface MutationEndpoints {
  readonly kinesis: string;
  readonly dynamodb: string;
  readonly cloudwatch: string;
  readonly s3: string;
}

/** What became of the calls of a run. */
export interface MutationReport {
  readonly calls: number;
  /** How often each status came, by service and operation, such as `kinesis PutRecord 400`. */
  readonly answers: Record<string, number>;
  /** Answers with status 500, with the call that got it: none is hoped for. */
  readonly internalFailures: string[];
  readonly slowestMs: number;
  readonly slowest: string;
}

/** Options of a run. */
export interface MutationOptions {
  readonly seed: number;
  readonly count: number;
  readonly endpoints: MutationEndpoints;
  readonly onProgress?: (done: number) => void;
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Service = keyof MutationEndpoints;

interface Call {
  service: Service;
  operation: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
  /** How many bytes of the body to send before the caller goes away. */
  abortAfter?: number;
}

/**
 * Calls every operation of every local service with input that is changed at random, and asks after each round whether
 * every service still answers.
 *
 * @throws at the first call that gets no answer, or service that is gone, with the seed and the call
 */
export async function mutateCalls(options: MutationOptions): Promise<MutationReport> {
  const { endpoints, count, seed } = options;
  const random = seeded(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const answers: Record<string, number> = {};
  const internalFailures: string[] = [];
  let slowestMs = 0;
  let slowest = '';
  const send = async (call: Call) => {
    const began = performance.now();
    const { status, text } = await sendCall(endpoints[call.service], call, agent);
    const took = performance.now() - began;
    const what = `${call.service} ${call.operation} ${status}`;
    answers[what] = (answers[what] ?? 0) + 1;
    const shown = () => `${what}: ${describeCall(call)}`;
    if (status === 500) internalFailures.push(`${shown()} -> ${text.slice(0, 300)}`);
    if (took > slowestMs) [slowestMs, slowest] = [took, shown()];
  };
  try {
    await prepare(endpoints, agent);
    const maker = createMaker(random, await shardIterators(endpoints, agent));
    for (let done = 0; done < count; done += AT_ONCE) {
      const round = Array.from({ length: Math.min(AT_ONCE, count - done) }, maker);
      try {
        await Promise.all(round.map(send));
        if (done % (AT_ONCE * 16) === 0) await everyServiceAnswers(endpoints, agent);
      } catch (cause) {
        const calls = round.map(describeCall).join('\n');
        throw new Error(`seed ${seed}, calls from ${done}: ${cause}\n${calls}`, { cause });
      }
      options.onProgress?.(done);
    }
    await everyServiceAnswers(endpoints, agent);
  } finally {
    agent.destroy();
  }
  return { calls: count, answers, internalFailures, slowestMs, slowest };
}

function describeCall({ service, operation, method, path, headers, body, abortAfter }: Call) {
  const shown = { service, operation, method, path: path.slice(0, 200), headers, abortAfter };
  return `${JSON.stringify(shown).slice(0, 900)} ${body.toString('latin1').slice(0, 600)}`;
}

function sendCall(endpoint: string, call: Call, agent: Agent) {
  return call.abortAfter === undefined
    ? sendWhole(endpoint, call, agent)
    : sendHalf(endpoint, call, call.abortAfter);
}

function sendWhole(endpoint: string, call: Call, agent: Agent) {
  const { hostname, port } = new URL(endpoint);
  return new Promise<{ status: number | string; text: string }>((resolve, reject) => {
    const { method, path, headers } = call;
    const outgoing = request({ hostname, port, method, path, headers, agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', () => resolve({ status: incoming.statusCode ?? 0, text: '' }));
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    outgoing.setTimeout(HANG_MS, () => {
      reject(new Error(`no answer within ${HANG_MS} ms`));
      outgoing.destroy();
    });
    // A service may close the connection of a body that is too large for it while the rest is being sent.
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNREFUSED' ? reject(error) : resolve({ status: 'closed', text: '' }),
    );
    outgoing.end(call.body);
  });
}

async function sendHalf(endpoint: string, call: Call, bytes: number) {
  const { hostname, port } = new URL(endpoint);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', resolve);
  });
  socket.on('error', () => undefined);
  const headers = Object.entries({ host: hostname, ...call.headers, 'content-length': '100000' });
  const lines = headers.map(([name, value]) => `${name}: ${value}`).join('\r\n');
  const head = `${call.method} ${call.path} HTTP/1.1\r\n${lines}\r\n\r\n`;
  const half = Buffer.concat([Buffer.from(head, 'latin1'), call.body.subarray(0, bytes)]);
  await new Promise<void>((resolve) => socket.write(half, () => resolve()));
  socket.resetAndDestroy();
  return { status: 'aborted', text: '' };
}

const json = (service: string, operation: string, input: Json) => ({
  method: 'POST',
  path: '/',
  headers: {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `${service}.${operation}`,
  } as Record<string, string>,
  body: Buffer.from(JSON.stringify(input)),
});

const TARGETS = {
  kinesis: 'Kinesis_20131202',
  dynamodb: 'DynamoDB_20120810',
  streams: 'DynamoDBStreams_20120810',
  cloudwatch: 'GraniteServiceVersion20100801',
};

const NAME = 'fuzz';
const KEY: Json = { pk: { S: 'a' }, sk: { N: '1' } };
const ITEM: Json = {
  pk: { S: 'a' },
  sk: { N: '1' },
  text: { S: 'Ada' },
  set: { SS: ['a', 'b'] },
  numbers: { NS: ['1', '2.5'] },
  bytes: { B: 'AAE=' },
  list: { L: [{ N: '1' }, { NULL: true }, { BOOL: false }] },
  map: { M: { a: { M: { b: { S: 'c' } } } } },
  expiresAt: { N: '99999999999' },
};
const TABLE = {
  TableName: NAME,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'N' },
    { AttributeName: 'text', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byText',
      KeySchema: [{ AttributeName: 'text', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
};
const METRIC = {
  Namespace: 'Fuzz',
  MetricName: 'M',
  Dimensions: [{ Name: 'D', Value: 'v' }],
};
const QUERIES = [
  { Id: 'm1', MetricStat: { Metric: METRIC, Period: 60, Stat: 'p99' }, ReturnData: false },
  { Id: 'e1', Expression: 'FILL(m1, 0) + (m1 * 1.5) / -2', Label: 'x' },
  { Id: 'e2', Expression: 'FILL(m1, 1e3) - m1', Period: 60 },
];

/** A sound input of every operation, by service. */
function soundInputs(iterators: Iterators): Record<keyof typeof TARGETS, Record<string, Json>> {
  const seconds = Math.floor(Date.now() / 1_000);
  const stream = { StreamName: NAME };
  const shard = 'shardId-000000000000';
  return {
    kinesis: {
      CreateStream: { StreamName: 'other', ShardCount: 1 },
      DeleteStream: { StreamName: 'other' },
      DescribeStream: { ...stream, Limit: 1, ExclusiveStartShardId: shard },
      DescribeStreamSummary: { StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${NAME}` },
      GetRecords: { ShardIterator: iterators.kinesis, Limit: 10 },
      GetShardIterator: {
        ...stream,
        ShardId: shard,
        ShardIteratorType: 'AT_TIMESTAMP',
        StartingSequenceNumber: '1',
        Timestamp: seconds - 10,
      },
      ListShards: { ...stream, MaxResults: 1, ExclusiveStartShardId: shard },
      ListStreams: { Limit: 1, ExclusiveStartStreamName: 'a', NextToken: 'a' },
      MergeShards: { ...stream, ShardToMerge: shard, AdjacentShardToMerge: 'shardId-000000000001' },
      PutRecord: { ...stream, PartitionKey: 'k', Data: 'YQ==', ExplicitHashKey: '7' },
      PutRecords: {
        ...stream,
        Records: [
          { PartitionKey: 'k', Data: 'YQ==' },
          { PartitionKey: 'l', Data: '' },
        ],
      },
      SplitShard: {
        ...stream,
        ShardToSplit: shard,
        NewStartingHashKey: '170141183460469231731687303715',
      },
    },
    dynamodb: {
      BatchGetItem: {
        RequestItems: {
          [NAME]: {
            Keys: [KEY],
            ProjectionExpression: '#t',
            ExpressionAttributeNames: { '#t': 'text' },
          },
        },
      },
      BatchWriteItem: {
        RequestItems: {
          [NAME]: [
            { PutRequest: { Item: ITEM } },
            { DeleteRequest: { Key: { pk: { S: 'b' }, sk: { N: '2' } } } },
          ],
        },
      },
      CreateTable: { ...TABLE, TableName: 'other' },
      DeleteItem: {
        TableName: NAME,
        Key: KEY,
        ConditionExpression: 'size(#t) > :n',
        ExpressionAttributeNames: { '#t': 'text' },
        ExpressionAttributeValues: { ':n': { N: '9' } },
        ReturnValues: 'ALL_OLD',
      },
      DeleteTable: { TableName: 'other' },
      DescribeTable: { TableName: NAME },
      DescribeTimeToLive: { TableName: NAME },
      GetItem: {
        TableName: NAME,
        Key: KEY,
        ConsistentRead: true,
        ProjectionExpression: 'map.a.b, list[0]',
      },
      ListTables: { Limit: 1, ExclusiveStartTableName: 'aaa' },
      PutItem: {
        TableName: NAME,
        Item: ITEM,
        ConditionExpression: 'attribute_not_exists(pk) OR contains(#s, :v)',
        ExpressionAttributeNames: { '#s': 'set' },
        ExpressionAttributeValues: { ':v': { S: 'a' } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
      Query: {
        TableName: NAME,
        KeyConditionExpression: 'pk = :p AND sk BETWEEN :a AND :b',
        FilterExpression: 'NOT (#t IN (:p, :t))',
        ExpressionAttributeNames: { '#t': 'text' },
        ExpressionAttributeValues: {
          ':p': { S: 'a' },
          ':a': { N: '0' },
          ':b': { N: '9' },
          ':t': { S: 'x' },
        },
        Limit: 2,
        ScanIndexForward: false,
      },
      Scan: {
        TableName: NAME,
        IndexName: 'byText',
        FilterExpression: 'begins_with(pk, :p)',
        ExpressionAttributeValues: { ':p': { S: 'a' } },
        Segment: 0,
        TotalSegments: 2,
      },
      UpdateItem: {
        TableName: NAME,
        Key: KEY,
        UpdateExpression:
          'SET n = if_not_exists(n, :o) + :o, list[1] = :l REMOVE map.a ADD numbers :s DELETE #set :d',
        ExpressionAttributeNames: { '#set': 'set' },
        ExpressionAttributeValues: {
          ':o': { N: '1' },
          ':l': { L: [] },
          ':s': { NS: ['7'] },
          ':d': { SS: ['b'] },
        },
        ReturnValues: 'ALL_NEW',
      },
      UpdateTimeToLive: {
        TableName: NAME,
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      },
    },
    streams: {
      DescribeStream: {
        StreamArn: iterators.streamArn,
        Limit: 1,
        ExclusiveStartShardId: iterators.shardId,
      },
      GetRecords: { ShardIterator: iterators.streams, Limit: 5 },
      GetShardIterator: {
        StreamArn: iterators.streamArn,
        ShardId: iterators.shardId,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        SequenceNumber: '10000000000000000000001',
      },
      ListStreams: { TableName: NAME, Limit: 1 },
    },
    cloudwatch: {
      DeleteAlarms: { AlarmNames: ['other'] },
      DescribeAlarmHistory: {
        AlarmName: NAME,
        HistoryItemType: 'Action',
        MaxRecords: 1,
      },
      DescribeAlarms: { AlarmNames: [NAME], StateValue: 'OK', MaxRecords: 1, NextToken: '0' },
      GetMetricData: {
        MetricDataQueries: QUERIES,
        StartTime: seconds - 7_200,
        EndTime: seconds,
        ScanBy: 'TimestampAscending',
        MaxDatapoints: 5,
      },
      GetMetricStatistics: {
        ...METRIC,
        StartTime: seconds - 7_200,
        EndTime: seconds,
        Period: 60,
        Statistics: ['Sum'],
        ExtendedStatistics: ['p50'],
        Unit: 'Count',
      },
      ListMetrics: { Namespace: 'Fuzz', MetricName: 'M', Dimensions: [{ Name: 'D' }] },
      PutMetricAlarm: {
        AlarmName: NAME,
        Metrics: QUERIES.map((query, index) => ({ ...query, ReturnData: index === 1 })),
        EvaluationPeriods: 3,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
        AlarmActions: ['arn:aws:sns:us-east-1:000000000000:t'],
      },
      PutMetricData: {
        Namespace: 'Fuzz',
        MetricData: [
          {
            MetricName: 'M',
            Dimensions: [{ Name: 'D', Value: 'v' }],
            Timestamp: seconds,
            Values: [1, 2],
            Counts: [3, 4],
            Unit: 'Count',
          },
          {
            MetricName: 'N',
            StatisticValues: { SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2 },
            StorageResolution: 1,
          },
        ],
      },
      SetAlarmState: { AlarmName: NAME, StateValue: 'ALARM', StateReason: 'because' },
    },
  };
}

/** S3's operations: method, path, query, headers, body. */
const S3_CALLS: Record<string, [string, string, Record<string, string>, string]> = {
  ListBuckets: ['GET', '/', {}, ''],
  CreateBucket: ['PUT', '/other', {}, ''],
  HeadBucket: ['HEAD', `/${NAME}`, {}, ''],
  DeleteBucket: ['DELETE', '/other', {}, ''],
  ListObjectsV2: [
    'GET',
    `/${NAME}?list-type=2&prefix=a&delimiter=%2F&max-keys=2&start-after=a&encoding-type=url`,
    {},
    '',
  ],
  PutObject: [
    'PUT',
    `/${NAME}/a%2Fb`,
    { 'x-amz-tagging': 'a=b', 'x-amz-meta-m': 'v', 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==' },
    'hello',
  ],
  PutChunked: [
    'PUT',
    `/${NAME}/chunked`,
    {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '5',
    },
    '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
  ],
  GetObject: [
    'GET',
    `/${NAME}/a%2Fb`,
    { range: 'bytes=1-2', 'x-amz-checksum-mode': 'ENABLED' },
    '',
  ],
  HeadObject: ['HEAD', `/${NAME}/a%2Fb`, {}, ''],
  DeleteObject: ['DELETE', `/${NAME}/chunked`, {}, ''],
  GetObjectTagging: ['GET', `/${NAME}/a%2Fb?tagging`, {}, ''],
  PutObjectTagging: [
    'PUT',
    `/${NAME}/a%2Fb?tagging`,
    {},
    '<Tagging xmlns="x"><TagSet><Tag><Key>a</Key><Value>b&amp;</Value></Tag></TagSet></Tagging>',
  ],
  NotOffered: ['DELETE', `/${NAME}?publicAccessBlock`, {}, ''],
};

interface Iterators {
  kinesis: string;
  streams: string;
  streamArn: string;
  shardId: string;
}

const WORDS = [
  '__proto__',
  'constructor',
  'length',
  'toString',
  'hasOwnProperty',
  'prototype',
  NAME,
  'other',
];

function createMaker(random: () => number, iterators: Iterators) {
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;

  const oddText = (): string =>
    pick<() => string>([
      () => pick(WORDS),
      () => pick(WORDS),
      () => '',
      () => ' ',
      () => '\u0000\ud800',
      () => 'x'.repeat(pick([256, 2_049, 70_000])),
      () => '('.repeat(pick([30, 2_000])),
      () => `${'('.repeat(40)}a = :v${')'.repeat(40)}`,
      () => `FILL(${'FILL('.repeat(60)}m1${', 0)'.repeat(60)}, 0)`,
      () => pick(['1e400', '-1', '1E+2000000000', 'NaN', '9'.repeat(400), '0x10', '1e-999']),
      () => pick(['../../etc', '%', '%2', '<a>', 'a.b.c', '#a', ':v', 'AAE', 'YQ==']),
    ])();
  const oddNumber = () =>
    pick([0, -1, -0, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 1e-320, 100_000, 4_102_444_800, 5]);
  const nested = (depth: number): Json => {
    let value: Json = 1;
    for (let level = 0; level < depth; level += 1)
      value = random() < 0.5 ? [value] : { M: { a: value } };
    return value;
  };
  const oddValue = (): Json =>
    pick<() => Json>([
      oddText,
      oddText,
      oddNumber,
      () => pick([null, true, false]),
      () => [],
      () => ({}),
      () => nested(pick([2, 40, 400])),
      () => Array.from({ length: pick([3, 30, 1_001]) }, () => pick<Json>([{}, 1, 'a', null])),
      () =>
        Object.fromEntries(
          WORDS.map((word): [string, Json] => [word, pick<Json>([1, 'a', {}, []])]),
        ),
      () => ({ N: oddText() }),
      () => ({ S: oddText() }),
    ])();

  /** Changes one place of a tree. */
  const mutate = (value: Json, chance: number): Json => {
    if (random() < chance) return oddValue();
    if (Array.isArray(value)) {
      if (value.length === 0) return value;
      const index = below(value.length);
      if (random() < 0.1)
        return value.flatMap((item) => Array.from({ length: pick([0, 2, 300]) }, () => item));
      return value.map((item, at) => (at === index ? mutate(item, chance * 2) : item));
    }
    if (value === null || typeof value !== 'object') return oddValue();
    const entries = Object.entries(value);
    const index = below(entries.length);
    const changed = entries.map(([name, inner], at): [string, Json] => {
      if (at !== index) return [name, inner];
      if (random() < 0.12) return [pick([...WORDS, oddText()]), inner];
      return [name, mutate(inner, chance * 2)];
    });
    if (random() < 0.08) changed.splice(index, 1);
    return Object.fromEntries(changed);
  };

  const damage = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    if (random() < 0.5) return copy.subarray(0, below(copy.length + 1));
    for (let times = 1 + below(4); times > 0 && copy.length > 0; times -= 1)
      copy[below(copy.length)] = below(256);
    return copy;
  };

  const oddHeaders = (): Record<string, string> =>
    pick<() => Record<string, string>>([
      () => ({
        'content-type': pick([
          '',
          'text/plain',
          'application/json',
          'application/x-amz-cbor-1.1',
          'application/x-www-form-urlencoded',
          'application/cbor',
        ]),
      }),
      () => ({ 'content-encoding': 'gzip' }),
      () => ({ 'smithy-protocol': 'rpc-v2-cbor' }),
      () => ({
        'x-amz-target': pick([
          '',
          'a',
          '.',
          '..',
          '__proto__.constructor',
          `${TARGETS.kinesis}.__proto__`,
          `${TARGETS.dynamodb}.toString`,
          `${TARGETS.cloudwatch}.constructor`,
          'x'.repeat(9_000),
        ]),
      }),
      () => ({
        host: pick(['evil.example', '127.0.0.1.evil.example', 'localhost', '[::1]:80', 'x']),
      }),
      () => ({ origin: pick(['http://evil.example', 'null', 'http://localhost:3000']) }),
      () => ({ [`x-amz-${below(9)}`]: 'x'.repeat(pick([1, 4_000, 15_000])) }),
      () => ({ expect: '100-continue' }),
    ])();

  const sound = soundInputs(iterators);
  const encoded = (service: keyof typeof TARGETS, operation: string, input: Json) => {
    const plain = json(TARGETS[service], operation, input);
    if (random() < 0.85 || service !== 'cloudwatch') return plain;
    if (random() < 0.5) {
      return {
        method: 'POST',
        path: `/service/${TARGETS.cloudwatch}/operation/${operation}`,
        headers: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' } as Record<
          string,
          string
        >,
        body: Buffer.from(cbor.serialize(input)),
      };
    }
    const form = new URLSearchParams({ Action: operation, ...Object.fromEntries(flat(input, '')) });
    return {
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' } as Record<string, string>,
      body: Buffer.from(String(form)),
    };
  };

  const byTarget = (): Call => {
    const service = pick(Object.keys(TARGETS) as (keyof typeof TARGETS)[]);
    const [operation, input] = pick(Object.entries(sound[service]));
    const call = encoded(service, operation, random() < 0.3 ? input : mutate(input, 0.02));
    return { service: service === 'streams' ? 'dynamodb' : service, operation, ...call };
  };

  const toS3 = (): Call => {
    const [operation, [method, path, headers, text]] = pick(Object.entries(S3_CALLS));
    const call: Call = {
      service: 's3',
      operation,
      method,
      path,
      headers: { ...headers },
      body: Buffer.from(text),
    };
    if (random() < 0.3) {
      const sub = pick([
        'acl',
        'policy',
        'tagging',
        'uploads',
        'versioning',
        'cors',
        'delete',
        '__proto__',
        'list-type',
        'x-id',
        'max-keys',
      ]);
      call.path += `${call.path.includes('?') ? '&' : '?'}${sub}=${encodeURIComponent(pick(['', '1', '-1', 'a']))}`;
    }
    if (random() < 0.2)
      call.path = call.path.replace(
        pick([NAME, 'a%2Fb', 'other']),
        pick([...WORDS, '%', '..', '%00', 'A_b']),
      );
    if (random() < 0.2)
      call.method = pick(['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS']);
    const [name] = Object.keys(headers);
    if (name !== undefined && random() < 0.3)
      call.headers[name] = pick([
        ...WORDS,
        '-5',
        '%',
        'bytes=9-1',
        'bytes=-',
        'a=b&a=c',
        'x'.repeat(3_000),
      ]);
    if (random() < 0.2)
      call.body = pick([
        Buffer.from('-5\r\n\r\n'),
        Buffer.from('<Tag>'.repeat(20_000)),
        Buffer.from(`<Tagging><TagSet>${'<Tag><Key>k</Key></Tag>'.repeat(2_000)}`),
        Buffer.from(`<${'a'.repeat(60_000)}`),
        Buffer.from('ffffffff\r\nx'),
      ]);
    return call;
  };

  return (): Call => {
    const call = random() < 0.75 ? byTarget() : toS3();
    if (random() < 0.1) call.body = damage(call.body);
    if (random() < 0.1) Object.assign(call.headers, oddHeaders());
    if (random() < 0.02) call.body = gzipSync(Buffer.alloc(pick([10, 40_000_000]), ' '));
    if (random() < 0.02) call.body = Buffer.from(pick(['[', '{"a":']).repeat(pick([50, 200_000])));
    if (random() < 0.02)
      call.body = Buffer.from(
        `{"Records":[${'{},'.repeat(200_000)}{}],"MetricData":[${'{},'.repeat(100_000)}{}]}`,
      );
    if (random() < 0.03) call.abortAfter = below(call.body.length + 1);
    return call;
  };
}

function flat(value: Json, path: string): [string, string][] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => flat(item, `${path}.member.${index + 1}`));
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).flatMap(([name, inner]) =>
      flat(inner, path === '' ? name : `${path}.${name}`),
    );
  }
  return [[path, String(value)]];
}

async function ask(endpoint: string, agent: Agent, call: Omit<Call, 'service' | 'operation'>) {
  const { status, text } = await sendWhole(
    endpoint,
    { service: 's3', operation: '', ...call },
    agent,
  );
  return { status, body: text.startsWith('{') ? JSON.parse(text) : {} };
}

/** Makes what the sound calls speak of. */
async function prepare(endpoints: MutationEndpoints, agent: Agent) {
  const plain = (method: string, path: string, body = '') => ({
    method,
    path,
    headers: {},
    body: Buffer.from(body),
  });
  await ask(
    endpoints.kinesis,
    agent,
    json(TARGETS.kinesis, 'CreateStream', { StreamName: NAME, ShardCount: 3 }),
  );
  await ask(endpoints.dynamodb, agent, json(TARGETS.dynamodb, 'CreateTable', TABLE));
  await ask(endpoints.s3, agent, plain('PUT', `/${NAME}`));
  await ask(endpoints.s3, agent, plain('PUT', `/${NAME}/a%2Fb`, 'hello'));
}

async function shardIterators(endpoints: MutationEndpoints, agent: Agent): Promise<Iterators> {
  for (;;) {
    const table = await ask(
      endpoints.dynamodb,
      agent,
      json(TARGETS.dynamodb, 'DescribeTable', { TableName: NAME }),
    );
    const kinesis = await ask(
      endpoints.kinesis,
      agent,
      json(TARGETS.kinesis, 'GetShardIterator', {
        StreamName: NAME,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    const StreamArn: string = table.body.Table?.LatestStreamArn ?? '';
    if (table.body.Table?.TableStatus === 'ACTIVE' && kinesis.status === 200) {
      const stream = await ask(
        endpoints.dynamodb,
        agent,
        json(TARGETS.streams, 'DescribeStream', { StreamArn }),
      );
      const ShardId: string = stream.body.StreamDescription.Shards[0].ShardId;
      const streams = await ask(
        endpoints.dynamodb,
        agent,
        json(TARGETS.streams, 'GetShardIterator', {
          StreamArn,
          ShardId,
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      );
      return {
        kinesis: kinesis.body.ShardIterator,
        streams: streams.body.ShardIterator,
        streamArn: StreamArn,
        shardId: ShardId,
      };
    }
    await pause(20);
  }
}

async function everyServiceAnswers(endpoints: MutationEndpoints, agent: Agent) {
  // A mutated DeleteTable may have hit the table: then it is made again, else this is refused.
  await ask(endpoints.dynamodb, agent, json(TARGETS.dynamodb, 'CreateTable', TABLE));
  const statuses = await Promise.all([
    ask(endpoints.kinesis, agent, json(TARGETS.kinesis, 'ListStreams', {})),
    ask(
      endpoints.dynamodb,
      agent,
      json(TARGETS.dynamodb, 'PutItem', { TableName: NAME, Item: KEY }),
    ),
    ask(endpoints.dynamodb, agent, json(TARGETS.streams, 'ListStreams', {})),
    ask(endpoints.cloudwatch, agent, json(TARGETS.cloudwatch, 'DescribeAlarms', {})),
    ask(endpoints.s3, agent, { method: 'GET', path: '/', headers: {}, body: Buffer.alloc(0) }),
  ]);
  const wrong = statuses.findIndex(({ status }) => status !== 200);
  if (wrong !== -1) throw new Error(`service ${wrong} answers ${JSON.stringify(statuses[wrong])}`);
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
