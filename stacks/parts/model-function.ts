import { Duration } from 'aws-cdk-lib';
import {
  type Alias,
  DockerImageFunction,
  type FunctionOptions,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { metricNames } from '#shared/metric-names.ts';
import { architecture, functionParts } from './function-parts.ts';
import { type ModelHandler, modelImage, modelZip } from './model-code.ts';
import type { StackContext } from './stack-context.ts';

/** What makes a function that runs models. */
export interface ModelFunctionProps {
  readonly functionName: string;
  readonly description: string;
  readonly handler: ModelHandler;
  readonly environment: Record<string, string>;
  readonly settings: {
    readonly memoryMb: number;
    readonly timeoutSeconds: number;
    readonly reservedConcurrency?: number | undefined;
    readonly provisionedConcurrency?: number | undefined;
  };
}

/** A function that runs models, from an image or a zip, with its log and its role; `target` is what is to be invoked. */
export class ModelFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role;
  /** The function, or its alias that keeps environments warm. */
  readonly target: LambdaFunction | Alias;

  constructor(scope: Construct, id: string, context: StackContext, props: ModelFunctionProps) {
    super(scope, id);
    const { settings } = props;
    const { logGroup, role } = functionParts(this, context, props.functionName);
    const options: FunctionOptions = {
      functionName: props.functionName,
      description: props.description,
      architecture: architecture(context),
      memorySize: settings.memoryMb,
      timeout: Duration.seconds(settings.timeoutSeconds),
      environment: props.environment,
      logGroup,
      role,
      ...(settings.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: settings.reservedConcurrency,
      }),
    };
    countErrors(logGroup, context);
    this.role = role;
    this.function =
      context.settings.inference.package === 'zip'
        ? new LambdaFunction(this, 'Function', {
            ...options,
            runtime: Runtime.NODEJS_24_X,
            code: modelZip(this, context),
            handler: props.handler,
          })
        : new DockerImageFunction(this, 'Function', {
            ...options,
            code: modelImage(context, props.handler),
          });
    this.target =
      settings.provisionedConcurrency === undefined
        ? this.function
        : this.function.addAlias('warm', {
            provisionedConcurrentExecutions: settings.provisionedConcurrency,
          });
  }
}

/** An engine that is ill fails no invocation: the batch is handed back, the call answered. So its errors are counted in the log. */
function countErrors(logGroup: LogGroup, { names }: StackContext): void {
  logGroup.addMetricFilter('Errors', {
    filterPattern: FilterPattern.stringValue('$.level', '=', 'error'),
    metricNamespace: names.metricsNamespace,
    metricName: metricNames.errorsLogged,
    metricValue: '1',
  });
}
