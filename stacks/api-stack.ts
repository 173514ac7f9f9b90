import { ArnFormat, CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  CfnModel,
  Cors,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  Model,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { corsHeaders } from '#shared/contracts/gateway-problems.ts';
import { httpRoutes } from '#shared/contracts/http-api.ts';
import { REJECTED_PREFIX } from '#shared/dead-letters/object.ts';
import { PROFILE_PREFIX } from '#shared/drift/profile.ts';
import { functionEnvironments } from '#shared/function-environment.ts';
import { API_STAGE, SOURCE_INDEX } from '#shared/names.ts';
import { allowListing, namedFailuresBucket } from './parts/failures-bucket.ts';
import { acknowledge, allow, allowPattern, logRetention } from './parts/function-parts.ts';
import { namedIntakeBucket } from './parts/intake-bucket.ts';
import { ModelFunction } from './parts/model-function.ts';
import { allowObjects } from './parts/private-bucket.ts';
import { addProblemResponses } from './parts/problem-responses.ts';
import { type RedactionKeys, redactionEnvironment } from './parts/redaction.ts';
import { type StackContext, tagAll } from './parts/stack-context.ts';

/** The same models on demand: a REST API in front of the HTTP function. */
export class ApiStack extends Stack {
  readonly api: RestApi;

  constructor(
    scope: Construct,
    id: string,
    context: StackContext,
    props: StackProps & { results: Table; redaction: RedactionKeys | undefined },
  ) {
    super(scope, id, props);
    const { settings, names } = context;
    const intake = settings.intake.enabled ? namedIntakeBucket(this, context) : undefined;
    const failures = namedFailuresBucket(this, context);
    const http = new ModelFunction(this, 'Http', context, {
      functionName: names.httpFunction,
      description: 'Entities and answers on demand, and stored results',
      handler: 'dist/http/index.handler',
      settings: settings.http,
      environment: {
        ...functionEnvironments(settings, names).http,
        ...redactionEnvironment(props.redaction),
        ...(intake && { SPANSTREAM_INTAKE_BUCKET: intake.bucketName }),
        SPANSTREAM_FAILURES_BUCKET: failures.bucketName,
      },
    });
    const { tableArn } = props.results;
    allow(http.role, ['dynamodb:Query'], [tableArn, `${tableArn}/index/${SOURCE_INDEX}`]);
    allow(http.role, ['dynamodb:BatchGetItem'], tableArn);
    if (intake) {
      allowObjects(
        http.role,
        ['s3:GetObject'],
        intake,
        '',
        'A call names the object that is read; the bucket is all that can be known of it.',
      );
    }
    const counted = Table.fromTableName(this, 'Counted', names.metricsStateTable);
    allow(http.role, ['dynamodb:GetItem'], counted.tableArn, {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${PROFILE_PREFIX}*`] },
    });
    if (settings.http.store) allow(http.role, ['dynamodb:BatchWriteItem'], tableArn);
    allowMonitoring(http.role);
    allowListing(http.role, failures);
    // Where personal data is hidden what is parked is not shown, so that the function may not even read it.
    if (!props.redaction) {
      allowObjects(
        http.role,
        ['s3:GetObject'],
        failures,
        REJECTED_PREFIX,
        'Keys of objects are made of record positions: the prefix is all that can be known of them.',
      );
    }

    const api = createApi(this, context);
    this.api = api;
    const iam = settings.http.authorization === 'iam';
    // An alias's role may be undefined in its type only, which the interface does not allow for.
    const integration = new LambdaIntegration(http.target as IFunction, {
      timeout: Duration.seconds(29),
      allowTestInvoke: false,
    });
    addRoutes(api, integration, iam);
    addProblemResponses(api);
    if (!iam) addUsagePlan(this, context, api);
    new CfnOutput(this, 'ApiUrl', { value: api.url });
    acknowledgeApi(api, iam);
    tagAll(this, context);
  }
}

/** Metrics know no resource. Alarms do, but one who asks for them by a prefix must be allowed to see all of them. */
function allowMonitoring(role: Role): void {
  const anything = 'ListMetrics and GetMetricData take no resource; both only read.';
  allowPattern(role, ['cloudwatch:ListMetrics', 'cloudwatch:GetMetricData'], '*', anything);
  const alarms = Stack.of(role).formatArn({
    ...{ service: 'cloudwatch', resource: 'alarm', resourceName: '*' },
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  const reason =
    "DescribeAlarms by a prefix asks for the right to every alarm of the account's region.";
  allowPattern(role, ['cloudwatch:DescribeAlarms'], alarms, reason);
}

function createApi(scope: Construct, context: StackContext): RestApi {
  const { settings, names } = context;
  const accessLog = new LogGroup(scope, 'AccessLog', {
    logGroupName: `/aws/apigateway/${names.api}`,
    retention: logRetention(context),
    removalPolicy: context.removalPolicy,
  });
  return new RestApi(scope, 'Api', {
    restApiName: names.api,
    description: 'Named entities and answers on demand',
    endpointTypes: [EndpointType.REGIONAL],
    cloudWatchRole: true,
    // The role serves every API of the account's region: deleting it here would blind the others.
    cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
    defaultCorsPreflightOptions: {
      allowOrigins: Cors.ALL_ORIGINS,
      allowMethods: corsHeaders['access-control-allow-methods'].split(', '),
      allowHeaders: corsHeaders['access-control-allow-headers'].split(', '),
      maxAge: Duration.hours(1),
    },
    deployOptions: {
      stageName: API_STAGE,
      accessLogDestination: new LogGroupLogDestination(accessLog),
      accessLogFormat: AccessLogFormat.jsonWithStandardFields(),
      loggingLevel: MethodLoggingLevel.ERROR,
      // Bodies are the clients' texts: they stay out of the logs.
      dataTraceEnabled: false,
      metricsEnabled: false,
      throttlingRateLimit: settings.http.throttle.rateLimit,
      throttlingBurstLimit: settings.http.throttle.burstLimit,
    },
  });
}

function addRoutes(api: RestApi, integration: LambdaIntegration, iam: boolean): void {
  const bodies = api.addRequestValidator('Bodies', {
    validateRequestBody: true,
    validateRequestParameters: true,
  });
  const parameters = api.addRequestValidator('Parameters', { validateRequestParameters: true });
  for (const { method, path, operation, model, parameters: given = {} } of httpRoutes) {
    const body = model && addModel(api, operation, model);
    const added = api.root.resourceForPath(path).addMethod(method, integration, {
      apiKeyRequired: !iam,
      authorizationType: iam ? AuthorizationType.IAM : AuthorizationType.NONE,
      requestParameters: Object.fromEntries(
        Object.entries(given).map(([name, required]) => [
          `method.request.querystring.${name}`,
          required,
        ]),
      ),
      requestValidator: body ? bodies : parameters,
      ...(body && { requestModels: { 'application/json': body.model } }),
    });
    if (body) added.node.addDependency(body.made);
  }
}

/** The model that the bodies of a call are checked against. */
function addModel(api: RestApi, operation: string, schema: object) {
  const name = operation.charAt(0).toUpperCase() + operation.slice(1);
  const made = new CfnModel(api, `${name}Model`, {
    restApiId: api.restApiId,
    name,
    contentType: 'application/json',
    schema,
  });
  // A stage serves a snapshot: only another deployment brings a changed model to it.
  api.latestDeployment?.addToLogicalId({ [name]: schema });
  api.latestDeployment?.node.addDependency(made);
  return { model: Model.fromModelName(api, `${name}ModelName`, name), made };
}

function addUsagePlan(scope: Construct, context: StackContext, api: RestApi): void {
  const { settings, names } = context;
  const key = api.addApiKey('Key', { apiKeyName: names.api });
  const plan = api.addUsagePlan('Plan', {
    name: names.api,
    throttle: settings.http.throttle,
  });
  plan.addApiStage({ stage: api.deploymentStage });
  plan.addApiKey(key);
  new CfnOutput(scope, 'ApiKeyId', { value: key.keyId });
}

function acknowledgeApi(api: RestApi, iam: boolean): void {
  acknowledge(
    api,
    'APIG3',
    'A web ACL costs more than an idle deployment; throttling and keys bound the calls, and an ACL can be put on the stage from outside.',
  );
  acknowledge(
    api,
    'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
    'The role through which API Gateway writes logs is one of the account and wants the policy that AWS manages for it.',
  );
  acknowledge(api, 'COG4', 'Clients are services: they sign with IAM or send an API key.');
  acknowledge(
    api,
    'APIG4',
    iam
      ? 'Only the preflight of browsers is open, which cannot carry a signature.'
      : 'Clients send an API key bound to a usage plan; `http.authorization: "iam"` asks for signatures.',
  );
}
