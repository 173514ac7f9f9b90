import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alarmDefinitions } from '#shared/alarms.ts';
import { httpRoutes } from '#shared/contracts/http-api.ts';
import { resourceNames } from '#shared/names.ts';
import { resultsTableDefinition } from '#shared/results-table/definition.ts';
import { parseSettings, type SettingsInput } from '#shared/settings.ts';
import { createDeployment } from '#stacks/deployment.ts';

const SYNTHESIS_MS = 120_000;
let root: string;
const bundles = ['metrics', 'canary', 'intake'].map((name) => `dist/${name}/index.mjs`);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'spanstream-root-'));
  const page = ['index.html', 'assets/a-1.js'].map((name) => `dist/console/${name}`);
  const paths = ['consumers/Dockerfile', '.dockerignore', ...bundles, ...page];
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), '');
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

const deploy = (settings: SettingsInput = {}) => {
  const made = createDeployment(parseSettings(settings), { root });
  const template = (part: Exclude<keyof typeof made, 'app'>) => {
    const stack = made[part];
    if (!stack) throw new Error(`there is no ${part} stack`);
    return Template.fromStack(stack);
  };
  return { ...made, template };
};

type Statement = { Action: string | string[]; Resource: unknown; Condition?: unknown };

/** Actions of the role's policies, with the resources that each may be done on, as JSON. */
function actionsOf(template: Template, role: RegExp): Map<string, string> {
  const found = new Map<string, string>();
  for (const [id, policy] of Object.entries(template.findResources('AWS::IAM::Policy'))) {
    if (!role.test(id)) continue;
    for (const statement of policy.Properties.PolicyDocument.Statement as Statement[]) {
      for (const action of [statement.Action].flat()) {
        const resources = JSON.stringify(statement.Resource);
        found.set(action, [found.get(action), resources].filter(Boolean).join());
      }
    }
  }
  return found;
}

describe('the default deployment', () => {
  let deployment: ReturnType<typeof deploy>;
  beforeAll(() => {
    deployment = deploy();
    // The first template synthesizes all stacks and runs the rules over them.
    deployment.template('stream');
  }, SYNTHESIS_MS);

  it('encrypts an on-demand stream', () => {
    deployment.template('stream').hasResourceProperties('AWS::Kinesis::Stream', {
      Name: 'spanstream-dev-text',
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      ShardCount: Match.absent(),
      StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
    });
  });

  it('makes the results table that the code expects, and can restore it', () => {
    const { KeySchema, GlobalSecondaryIndexes } = resultsTableDefinition;

    deployment.template('inference').hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema,
      GlobalSecondaryIndexes: [
        { ...GlobalSecondaryIndexes[0], Projection: { ProjectionType: 'KEYS_ONLY' } },
      ],
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
    });
  });

  it('keeps data when its stack is deleted', () => {
    deployment
      .template('inference')
      .hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Retain' });
    deployment.template('inference').hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
    deployment.template('stream').hasResource('AWS::Kinesis::Stream', { DeletionPolicy: 'Retain' });
  });

  it('closes the failures bucket to the world and to plain HTTP, and forgets in time', () => {
    const template = deployment.template('inference');

    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: Match.objectLike({}),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: {
        Rules: [Match.objectLike({ Status: 'Enabled', ExpirationInDays: 90 })],
      },
      MetricsConfigurations: [{ Id: 'AbandonedBatches', Prefix: 'aws/lambda/' }],
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    });
  });

  it('maps the stream with partial responses, bisecting, bounds and a destination', () => {
    deployment.template('inference').hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 200,
      MaximumBatchingWindowInSeconds: 1,
      StartingPosition: 'TRIM_HORIZON',
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 10,
      MaximumRecordAgeInSeconds: 82_800,
      ParallelizationFactor: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      TumblingWindowInSeconds: 0,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Failures'), 'Arn'] } },
      },
    });
  });

  it('maps the table’s stream, one batch at a time, and gives up an hour before the stream forgets', () => {
    const template = deployment.template('metrics');

    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      TumblingWindowInSeconds: 0,
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: 82_800,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: {
        OnFailure: { Destination: Match.objectLike({ 'Fn::Join': Match.anyValue() }) },
      },
      MetricsConfig: { Metrics: ['EventCount'] },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({ SPANSTREAM_METRICS_NAMESPACE: 'Spanstream/dev' }),
      },
      PackageType: Match.absent(),
      ReservedConcurrentExecutions: 1,
      Runtime: 'nodejs24.x',
    });
  });

  it('runs both model functions from one image by different commands', () => {
    const image = (part: 'inference' | 'api') =>
      Object.values(deployment.template(part).findResources('AWS::Lambda::Function')).map(
        ({ Properties }) => ({ uri: Properties.Code.ImageUri, command: Properties.ImageConfig }),
      )[0];
    const [inference, http] = [image('inference'), image('api')];

    expect(inference?.uri).toEqual(http?.uri);
    expect(inference?.command).toEqual({ Command: ['dist/inference/index.handler'] });
    expect(http?.command).toEqual({ Command: ['dist/http/index.handler'] });
  });

  it('lets the inference function do just its work', () => {
    const actions = actionsOf(deployment.template('inference'), /^Inference/);

    expect([...actions.keys()].sort()).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:BatchWriteItem',
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'kinesis:ListShards',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:ListBucket',
      's3:PutObject',
    ]);
    expect([...actions.values()]).not.toContain('"*"');
    expect(actions.get('dynamodb:BatchGetItem')).toMatch(
      /^\{"Fn::GetAtt":\["Results\w+","Arn"\]\}$/,
    );
  });

  it('lets the metrics function do just its work, and write to one namespace only', () => {
    const template = deployment.template('metrics');
    const actions = actionsOf(template, /^Role/);

    expect([...actions.keys()].sort()).toEqual([
      'cloudwatch:GetMetricStatistics',
      'cloudwatch:PutMetricData',
      'dynamodb:DescribeStream',
      'dynamodb:GetItem',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
      'dynamodb:ListStreams',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:ListBucket',
      's3:PutObject',
    ]);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'cloudwatch:PutMetricData',
            Condition: { StringEquals: { 'cloudwatch:namespace': 'Spanstream/dev' } },
          }),
        ]),
      },
    });
  });

  it('lets the intake function do just its work, under the prefixes that it reads and writes', () => {
    const actions = actionsOf(deployment.template('intake'), /^Role/);

    expect([...actions.keys()].sort()).toEqual([
      'cloudwatch:GetMetricStatistics',
      'dynamodb:BatchWriteItem',
      'kinesis:PutRecords',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:ReceiveMessage',
    ]);
    expect(actions.get('s3:GetObject')).toMatch(/\/(?:inbox|reports)\/\*/);
    expect(actions.get('s3:PutObject')).toMatch(/\/(?:reports|rejected)\/\*/);
  });

  it('tells a queue of the inbox, for longer than a run, and closes bucket and queue to the world', () => {
    const template = deployment.template('intake');

    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: Match.objectLike({}),
      PublicAccessBlockConfiguration: Match.objectLike({ RestrictPublicBuckets: true }),
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 90 })] },
      NotificationConfiguration: {
        QueueConfigurations: [
          Match.objectLike({
            Event: 's3:ObjectCreated:*',
            Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'inbox/' }] } },
          }),
        ],
      },
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: 1_209_600,
      SqsManagedSseEnabled: true,
      VisibilityTimeout: 930,
    });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny' }),
          Match.objectLike({
            Principal: { Service: 's3.amazonaws.com' },
            Condition: Match.objectLike({
              StringEquals: { 'aws:SourceAccount': Match.anyValue() },
            }),
          }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    template.hasResourceProperties('AWS::Lambda::Function', { Timeout: 900, MemorySize: 1_024 });
  });

  it('lets the HTTP function read and record results, read what it is to tell of, and nothing else', () => {
    const template = deployment.template('api');
    const actions = actionsOf(template, /^Http/);

    expect([...actions.keys()].sort()).toEqual([
      'cloudwatch:DescribeAlarms',
      'cloudwatch:GetMetricData',
      'cloudwatch:ListMetrics',
      'dynamodb:BatchGetItem',
      'dynamodb:BatchWriteItem',
      'dynamodb:GetItem',
      'dynamodb:Query',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject',
      's3:ListBucket',
    ]);
    const objects = actions.get('s3:GetObject');
    const account = '",{"Ref":"AWS::AccountId"},"-",{"Ref":"AWS::Region"},"';
    expect(objects).toContain(`:s3:::spanstream-dev-intake-${account}/*"`);
    expect(objects).toContain(`:s3:::spanstream-dev-failures-${account}/rejected/*"`);
    expect(objects?.match(/:s3:::/g)).toHaveLength(2);
    expect(actions.get('cloudwatch:DescribeAlarms')).toContain(':alarm:*');
    deployment.template('api').hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 's3:ListBucket',
            Condition: {
              StringLike: { 's3:prefix': ['rejected/*', 'aws/lambda/*', 'redriven/*'] },
            },
          }),
        ]),
      },
    });
    expect(actions.get('dynamodb:Query')).toContain('/index/bySource');
    expect(actions.get('dynamodb:BatchGetItem')).not.toContain('index');
    expect(actions.get('dynamodb:BatchWriteItem')).not.toContain('index');
    expect(actions.get('dynamodb:GetItem')).toContain('table/spanstream-dev-counted"');
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: 'dynamodb:GetItem',
            Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['PROFILE#*'] } },
          }),
        ]),
      }),
    });
  });

  it('asks every call of the contract for a key and checks every body', () => {
    const template = deployment.template('api');
    const methods = Object.values(template.findResources('AWS::ApiGateway::Method'))
      .map((method) => method.Properties)
      .filter((method) => method.HttpMethod !== 'OPTIONS');

    expect(methods).toHaveLength(httpRoutes.length);
    expect(methods.every((method) => method.ApiKeyRequired === true)).toBe(true);
    const posts = methods.filter((method) => method.HttpMethod === 'POST');
    expect(posts.every((method) => method.RequestModels['application/json'])).toBe(true);
    expect(methods.every((method) => method.RequestValidatorId)).toBe(true);
  });

  it('gives the gateway’s models keywords of draft 4 only', () => {
    const models = deployment.template('api').findResources('AWS::ApiGateway::Model');

    expect(Object.keys(models)).toHaveLength(6);
    for (const { Properties } of Object.values(models)) {
      expect(Properties.Schema).toMatchObject({
        $schema: 'http://json-schema.org/draft-04/schema#',
        type: 'object',
      });
      expect(JSON.stringify(Properties.Schema)).not.toMatch(
        /"(propertyNames|const|\$defs|prefixItems|if|contentEncoding)":/,
      );
    }
  });

  it('throttles, logs each access and answers errors with CORS headers', () => {
    const template = deployment.template('api');

    template.hasResourceProperties('AWS::ApiGateway::Stage', {
      StageName: 'live',
      AccessLogSetting: Match.objectLike({ Format: Match.anyValue() }),
      MethodSettings: [
        Match.objectLike({
          ThrottlingRateLimit: 50,
          ThrottlingBurstLimit: 100,
          DataTraceEnabled: false,
        }),
      ],
    });
    template.hasResourceProperties('AWS::ApiGateway::UsagePlan', {
      Throttle: { RateLimit: 50, BurstLimit: 100 },
    });
    for (const ResponseType of ['DEFAULT_4XX', 'DEFAULT_5XX', 'THROTTLED', 'BAD_REQUEST_BODY']) {
      template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
        ResponseType,
        ResponseParameters: Match.objectLike({
          'gatewayresponse.header.Access-Control-Allow-Origin': "'*'",
        }),
      });
    }
  });

  it('makes every alarm that is defined, each of which tells the topic by itself', () => {
    const template = deployment.template('monitoring');
    const definitions = alarmDefinitions(parseSettings({}), resourceNames('dev'));
    const topic = { Ref: Match.stringLikeRegexp('^Topic') };

    template.resourceCountIs('AWS::CloudWatch::Alarm', definitions.length);
    template.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 0);
    for (const { name, threshold, treatMissingData, comparison } of definitions) {
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        AlarmName: name,
        Threshold: threshold,
        TreatMissingData: treatMissingData,
        ComparisonOperator: comparison,
        ActionsEnabled: true,
        AlarmActions: [topic],
        OKActions: [topic],
      });
    }
  });

  it('watches what only a deployment knows by its own name: the bucket, and the mapping', () => {
    const template = deployment.template('monitoring');
    const watches = (metric: string, dimension: string) =>
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        MetricName: metric,
        Dimensions: Match.arrayWith([
          { Name: dimension, Value: { 'Fn::ImportValue': Match.anyValue() } },
        ]),
      });

    watches('PutRequests', 'BucketName');
    watches('OnFailureDestinationDeliveredEventCount', 'EventSourceMappingUUID');
  });

  it('runs the canary by a schedule, once and not in place of one that was missed', () => {
    const template = deployment.template('monitoring');

    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'spanstream-dev-canary',
      ScheduleExpression: 'rate(5 minutes)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      Target: {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^CanaryFunction'), 'Arn'] },
        RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'spanstream-dev-canary',
      Timeout: 270,
      MemorySize: 128,
      PackageType: Match.absent(),
    });
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          Match.objectLike({
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ],
      },
    });
  });

  it('lets the canary do just its work, and its schedule nothing but run it', () => {
    const template = deployment.template('monitoring');
    const schedule = actionsOf(template, /^CanaryScheduleRole/);

    expect([...actionsOf(template, /^CanaryRole/).keys()].sort()).toEqual([
      'cloudwatch:GetMetricStatistics',
      'cloudwatch:PutMetricData',
      'dynamodb:Query',
      'kinesis:PutRecord',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ]);
    expect([...schedule.keys()]).toEqual(['lambda:InvokeFunction']);
    expect(schedule.get('lambda:InvokeFunction')).toMatch(
      /^\{"Fn::GetAtt":\["CanaryFunction\w+","Arn"\]\}$/,
    );
  });

  it('counts the errors that the model functions log', () => {
    for (const part of ['inference', 'api'] as const) {
      deployment.template(part).hasResourceProperties('AWS::Logs::MetricFilter', {
        FilterPattern: '{ $.level = "error" }',
        MetricTransformations: [
          Match.objectLike({ MetricNamespace: 'Spanstream/dev', MetricName: 'ErrorsLogged' }),
        ],
      });
    }
  });

  it('tells people over an encrypted topic that CloudWatch may use', () => {
    const template = deployment.template('monitoring');

    template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
    template.hasResourceProperties('AWS::KMS::Key', {
      EnableKeyRotation: true,
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
          }),
        ]),
      },
    });
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });
});

describe('the AwsSolutions rules', () => {
  const findings = async (
    make: (deployment: ReturnType<typeof createDeployment>) => unknown,
    settings: SettingsInput = {},
  ) => {
    const outdir = await mkdtemp(join(tmpdir(), 'spanstream-out-'));
    const deployment = createDeployment(parseSettings(settings), { root, app: { outdir } });
    make(deployment);
    try {
      deployment.app.synth();
    } catch {
      // What is found is in the report.
    }
    const report = await readFile(join(outdir, 'validation-report.json'), 'utf8');
    await rm(outdir, { recursive: true, force: true });
    return report;
  };

  it('find nothing, and would find an open bucket', { timeout: SYNTHESIS_MS }, async () => {
    const clean = await findings(() => undefined);
    const hiding = await findings(() => undefined, { results: { redact: { mode: 'hash' } } });
    const open = await findings(({ stream }) => new Bucket(stream, 'Open'));

    expect(clean).not.toContain('AwsSolutions-');
    expect(hiding).not.toContain('AwsSolutions-');
    expect(open).toContain('AwsSolutions-S1');
  });
});

describe('a deployment by other settings', () => {
  it(
    'provisions shards, warms functions, signs calls, mails alarms and lets go of its data',
    () => {
      const { template } = deploy({
        environmentName: 'test',
        architecture: 'arm64',
        removalPolicy: 'destroy',
        stream: { mode: 'provisioned', shards: 4, retentionHours: 48 },
        inference: { provisionedConcurrency: 2, mapping: { parallelizationFactor: 5 } },
        http: { authorization: 'iam', store: false },
        intake: { enabled: false },
        alarms: { emails: ['ops@example.com'] },
        canary: { everyMinutes: 0 },
      });

      template('monitoring').resourceCountIs('AWS::Scheduler::Schedule', 0);
      template('monitoring').resourceCountIs('AWS::Lambda::Function', 0);
      template('stream').hasResourceProperties('AWS::Kinesis::Stream', {
        ShardCount: 4,
        RetentionPeriodHours: 48,
      });
      template('inference').hasResourceProperties('AWS::Lambda::Function', {
        Architectures: ['arm64'],
      });
      template('inference').hasResourceProperties('AWS::Lambda::Alias', {
        ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
      });
      template('inference').hasResourceProperties('AWS::Lambda::EventSourceMapping', {
        ParallelizationFactor: 5,
        FunctionName: { Ref: Match.stringLikeRegexp('Alias|Warm|warm') },
      });
      template('inference').hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete' });
      template('api').resourceCountIs('AWS::ApiGateway::ApiKey', 0);
      template('api').hasResourceProperties('AWS::ApiGateway::Method', {
        HttpMethod: 'POST',
        AuthorizationType: 'AWS_IAM',
      });
      expect(actionsOf(template('api'), /^Http/).has('dynamodb:BatchWriteItem')).toBe(false);
      expect(actionsOf(template('api'), /^Http/).get('s3:GetObject')).not.toContain('intake');
      expect(() => template('intake')).toThrow('there is no intake stack');
      template('monitoring').hasResourceProperties('AWS::SNS::Subscription', {
        Protocol: 'email',
        Endpoint: 'ops@example.com',
      });
    },
    SYNTHESIS_MS,
  );
});

describe('a deployment of zips, without an alarm that is not wanted', () => {
  it(
    'runs both model functions from one zip by different handlers, and makes no such alarm',
    () => {
      const { template } = deploy({
        inference: { package: 'zip' },
        alarms: { omit: ['unanswered-share'] },
      });

      const [inference, http] = (['inference', 'api'] as const).map(
        (part) =>
          Object.values(template(part).findResources('AWS::Lambda::Function'))[0]?.Properties,
      );
      expect(inference.Code).toEqual(http.Code);
      expect(inference.Handler).toBe('dist/inference/index.handler');
      expect(http.Handler).toBe('dist/http/index.handler');
      for (const { PackageType, Runtime } of [inference, http]) {
        expect({ PackageType, Runtime }).toEqual({ Runtime: 'nodejs24.x' });
      }
      const alarms = template('monitoring').findResources('AWS::CloudWatch::Alarm');
      const names = Object.values(alarms).map(({ Properties }) => Properties.AlarmName);
      expect(names).toContain('spanstream-dev-silence');
      expect(names).not.toContain('spanstream-dev-unanswered-share');
    },
    SYNTHESIS_MS,
  );
});

describe('two environments in one account and region', () => {
  type Made = {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
    Outputs?: Record<string, { Export?: { Name: unknown } }>;
  };
  /** Names that are unique in a role, an API or a table: the whole of which belongs to one environment. */
  const inner = new Set(['AWS::IAM::Policy', 'AWS::ApiGateway::Model', 'AWS::ApiGateway::Stage']);

  /** What resources are called, the namespaces of our own metrics, and the names of exports. */
  function namesOf({ Resources, Outputs = {} }: Made): string[] {
    const resources = Object.values(Resources).flatMap(({ Type, Properties }) =>
      Object.entries(Properties)
        .filter(([key]) => /Name$|^Name(space)?$/.test(key) && key !== 'MetricName')
        .filter(([, value]) => typeof value === 'string' || /Join/.test(JSON.stringify(value)))
        .filter(([, value]) => !inner.has(Type) && !String(value).startsWith('AWS/'))
        .map(([key, value]) => `${Type} ${key} ${JSON.stringify(value)}`),
    );
    const exports = Object.values(Outputs).flatMap(({ Export }) => Export?.Name ?? []);
    return [...resources, ...exports.map((name) => `export ${JSON.stringify(name)}`)];
  }
  const parts = ['stream', 'inference', 'metrics', 'api', 'intake', 'monitoring'] as const;
  const templatesOf = (environmentName: string) => {
    const { template } = deploy({ environmentName, alarms: { emails: ['ops@example.com'] } });
    return parts.map((part) => template(part).toJSON() as Made);
  };
  let dev: Made[];
  let prod: Made[];
  beforeAll(() => {
    dev = templatesOf('dev');
    prod = templatesOf('prod');
  }, SYNTHESIS_MS);

  const statementsOf = (templates: Made[]) =>
    templates.flatMap(({ Resources }) =>
      Object.values(Resources)
        .filter(({ Type }) => Type === 'AWS::IAM::Policy')
        .flatMap(
          ({ Properties }) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement,
        ),
    );

  it('differ in nothing but their names', () => {
    const renamed = JSON.stringify(prod)
      .replaceAll('spanstream-prod', 'spanstream-dev')
      .replaceAll('Spanstream/prod', 'Spanstream/dev')
      .replaceAll('"prod"', '"dev"');
    const plain = (text: string) =>
      text
        .replaceAll(/spanstreamprod/g, 'spanstreamdev')
        .replaceAll(/[0-9A-F]{8}\b|[0-9a-f]{32,}/g, '');

    expect(plain(renamed).length).toBe(plain(JSON.stringify(dev)).length);
    expect(JSON.stringify(prod)).not.toMatch(/spanstream-dev|Spanstream\/dev/);
  });

  it('share no name of anything', () => {
    const ofProd = new Set(prod.flatMap(namesOf));

    const ofDev = dev.flatMap(namesOf);
    const common = ofDev.filter((name) => ofProd.has(name));

    expect(ofDev.length).toBeGreaterThan(40);
    expect(common).toEqual([]);
  });

  it('let neither into what is the other’s', () => {
    const open = statementsOf(dev).filter(({ Resource }) => JSON.stringify(Resource) === '"*"');

    const writing = {
      Action: 'cloudwatch:PutMetricData',
      Condition: { StringEquals: { 'cloudwatch:namespace': 'Spanstream/dev' } },
    };
    expect(open.map(({ Action, Condition }) => ({ Action, Condition }))).toEqual([
      { Action: ['dynamodb:ListStreams', 'cloudwatch:GetMetricStatistics'], Condition: undefined },
      writing,
      { Action: ['cloudwatch:ListMetrics', 'cloudwatch:GetMetricData'], Condition: undefined },
      { Action: 'cloudwatch:GetMetricStatistics', Condition: undefined },
      { Action: 'cloudwatch:GetMetricStatistics', Condition: undefined },
      writing,
    ]);
    // Every other resource is one of the same deployment, and no pattern over names.
    for (const { Resource } of statementsOf(dev)) {
      const named = JSON.stringify(Resource).match(/spanstream-[a-z-]*\*/g);
      expect(named).toBeNull();
    }
  });
});

describe('a deployment that hides personal data', () => {
  let deployment: ReturnType<typeof deploy>;
  beforeAll(() => {
    deployment = deploy({ results: { redact: { mode: 'hash' }, parkedDays: 7 } });
    deployment.template('stream');
  }, SYNTHESIS_MS);

  it('hands the functions that hide the key by reference, and holds it in no template', () => {
    for (const part of ['inference', 'api', 'intake'] as const) {
      const functions = deployment.template(part).findResources('AWS::Lambda::Function');
      const [made] = Object.values(functions);
      expect(JSON.stringify(made?.Properties.Environment)).toMatch(
        /SPANSTREAM_REDACT_KEY.*resolve:secretsmanager/,
      );
    }
    deployment.template('inference').hasResourceProperties('AWS::SecretsManager::Secret', {
      GenerateSecretString: { PasswordLength: 64 },
    });
  });

  it('lets the HTTP function read no original', () => {
    const actions = actionsOf(deployment.template('api'), /^Http/);

    expect(actions.get('s3:GetObject')).not.toContain('failures');
    expect(actions.has('kms:Decrypt')).toBe(false);
    expect(actions.has('s3:ListBucket')).toBe(true);
  });

  it('keeps parked originals under a key and an expiry of their own', () => {
    const template = deployment.template('inference');

    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true },
        ],
      },
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 7 })] },
    });
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    for (const part of ['inference', 'metrics'] as const) {
      expect(actionsOf(deployment.template(part), /Role/).has('kms:GenerateDataKey')).toBe(true);
    }
  });
});
