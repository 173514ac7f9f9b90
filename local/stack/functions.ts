import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FunctionLogLine, LambdaFunction } from '#local/lambda/invocation.ts';
import { startFunction } from '#local/lambda/lambda-function.ts';
import { functionEnvironments } from '#shared/function-environment.ts';
import type { ResourceNames } from '#shared/names.ts';
import type { Settings } from '#shared/settings.ts';
import { type Endpoints, endpointEnvironment } from './endpoints.ts';

/** The three functions of a stack. */
export type Functions = Readonly<Record<'inference' | 'metrics' | 'http', LambdaFunction>>;

/** What the functions are started from. */
export interface FunctionsOptions {
  /** Folder of the stack; logs go to `logs/` in it. */
  readonly directory: string;
  /** Folder that holds a bundle for each function, and the runtime client's. */
  readonly bundleDirectory: string;
  readonly modelsDirectory: string;
  readonly settings: Settings;
  readonly names: ResourceNames;
  readonly endpoints: Endpoints;
  readonly log: (line: FunctionLogLine) => void;
}

/** The stand-in of CloudWatch can be read at once, so that nobody waits for it as on AWS. */
const READ_BACK_SECONDS = '1';

/** Starts the functions, each in a process of its own. */
export async function startFunctions(options: FunctionsOptions): Promise<Functions> {
  const { settings, names } = options;
  const logs = join(options.directory, 'logs');
  await mkdir(logs, { recursive: true });
  const environments = functionEnvironments(settings, names);
  const common = {
    PATH: process.env.PATH ?? '',
    ...endpointEnvironment(options.endpoints),
    SPANSTREAM_MODELS: options.modelsDirectory,
    // The SDK's notice on Node versions to come is no line of a function's log; Lambda chooses its Node itself.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const start = (kind: keyof Functions, name: string, environment: Record<string, string>) =>
    startFunction({
      name,
      bundleDirectory: join(options.bundleDirectory, kind),
      environment: { ...common, ...environment },
      timeoutSeconds: settings[kind].timeoutSeconds,
      memoryMb: settings[kind].memoryMb,
      // One process uses every core already; on AWS each has cores of its own.
      maximumConcurrency: 1,
      log: options.log,
      logFile: join(logs, `${kind}.log`),
    });
  return {
    inference: start('inference', names.inferenceFunction, environments.inference),
    metrics: start('metrics', names.metricsFunction, {
      ...environments.metrics,
      SPANSTREAM_READ_BACK_SECONDS: READ_BACK_SECONDS,
    }),
    http: start('http', names.httpFunction, environments.http),
  };
}
