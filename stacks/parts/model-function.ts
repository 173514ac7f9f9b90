import { Duration } from 'aws-cdk-lib';
import {
  type Alias,
  DockerImageFunction,
  type DockerImageFunctionProps,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { architecture, functionParts } from './function-parts.ts';
import { modelImage } from './model-image.ts';
import type { StackContext } from './stack-context.ts';

/** What makes a function that runs models. */
export interface ModelFunctionProps {
  readonly functionName: string;
  readonly description: string;
  readonly command: Parameters<typeof modelImage>[1];
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
