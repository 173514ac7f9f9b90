import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Settings } from '#shared/settings.ts';
import { ApiStack } from './api-stack.ts';
import { ConsoleStack } from './console-stack.ts';
import { InferenceStack } from './inference-stack.ts';
import { IntakeStack } from './intake-stack.ts';
import { MetricsStack } from './metrics-stack.ts';
import { MonitoringStack } from './monitoring-stack.ts';
import { stackContext } from './parts/stack-context.ts';
import { StreamStack } from './stream-stack.ts';

/** Builds all stacks of one deployment and puts them under the AwsSolutions rules. */
export function createDeployment(
  settings: Settings,
  options: { root: string; app?: AppProps; env?: { account?: string; region?: string } },
) {
  const app = new App(options.app);
  const context = stackContext(settings, options.root);
  const props = { ...(options.env && { env: options.env }) };
  const id = (part: string) => `${context.names.prefix}-${part}-stack`;
  const stream = new StreamStack(app, id('stream'), context, props);
  const inference = new InferenceStack(app, id('inference'), context, {
    ...props,
    stream: stream.stream,
  });
  const { results, redaction, failures } = inference;
  const metrics = new MetricsStack(app, id('metrics'), context, { ...props, results, redaction });
  const intake = settings.intake.enabled
    ? new IntakeStack(app, id('intake'), context, {
        ...props,
        stream: stream.stream,
        ...{ results, redaction },
      })
    : undefined;
  const api = new ApiStack(app, id('api'), context, { ...props, results, redaction });
  const console = settings.console.enabled
    ? new ConsoleStack(app, id('console'), context, { ...props, api: api.api })
    : undefined;
  const monitoring = new MonitoringStack(app, id('monitoring'), context, {
    ...props,
    stream: stream.stream,
    results,
    failures,
    metricsMapping: metrics.mapping,
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return {
    ...{ app, stream, inference, metrics, api, monitoring },
    ...(intake && { intake }),
    ...(console && { console }),
  };
}
