import { Duration, IgnoreMode } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  type Alias,
  DockerImageCode,
  DockerImageFunction,
  type DockerImageFunctionProps,
} from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { metricNames } from '#shared/metric-names.ts';
import { architecture, functionParts } from './function-parts.ts';
import type { StackContext } from './stack-context.ts';

/** What makes a function that runs models. */
export interface ModelFunctionProps {
  readonly functionName: string;
  readonly description: string;
  /** Which handler of the image runs. */
  readonly command: 'inference/index.handler' | 'http/index.handler';
  readonly environment: Record<string, string>;
  readonly settings: {
    readonly memoryMb: number;
    readonly timeoutSeconds: number;
    readonly reservedConcurrency?: number | undefined;
    readonly provisionedConcurrency?: number | undefined;
  };
}

/** A container function with its log and its role; `target` is what is to be invoked. */
export class ModelFunction extends Construct {
  readonly function: DockerImageFunction;
  readonly role;
  /** The function, or its alias that keeps environments warm. */
  readonly target: DockerImageFunction | Alias;

  constructor(scope: Construct, id: string, context: StackContext, props: ModelFunctionProps) {
    super(scope, id);
    const { settings } = props;
    const { logGroup, role } = functionParts(this, context, props.functionName);
    const options: DockerImageFunctionProps = {
      functionName: props.functionName,
      description: props.description,
      code: modelImage(context, props.command),
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
    this.function = new DockerImageFunction(this, 'Function', options);
    this.target =
      settings.provisionedConcurrency === undefined
        ? this.function
        : this.function.addAlias('warm', {
            provisionedConcurrentExecutions: settings.provisionedConcurrency,
          });
  }
}

/** The one image of both functions that run models; `command` chooses the handler. What it holds is in `.dockerignore`. */
function modelImage(
  context: StackContext,
  command: ModelFunctionProps['command'],
): DockerImageCode {
  const arm = context.settings.architecture === 'arm64';
  return DockerImageCode.fromImageAsset(context.root, {
    file: 'consumers/Dockerfile',
    cmd: [command],
    buildArgs: { ONNX_ARCHITECTURE: arm ? 'arm64' : 'x64' },
    platform: arm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
    ignoreMode: IgnoreMode.DOCKER,
    // CDK ignores its own output only when told; .dockerignore lets through what the image needs alone.
    exclude: ['cdk.out'],
  });
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
