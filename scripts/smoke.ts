import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { Option } from 'commander';
import { createKinesisClient } from '#producers/kinesis-client.ts';
import { interruptible, untilInterrupted } from '#shared/cli/interrupt.ts';
import {
  callOf,
  createCommand,
  print,
  runCommand,
  say,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { dimensionNames, metricNames } from '#shared/metric-names.ts';
import { resourceNames } from '#shared/names.ts';
import {
  createDocumentClient,
  createGetBatch,
  createQueryItems,
} from '#shared/results-table/dynamodb-results.ts';
import { createResultsReader } from '#shared/results-table/read-results.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import { publishedSum } from './demo/books.ts';
import { runSmoke, type SmokeDeps } from './smoke/run-smoke.ts';
import { targetEnvironment } from './smoke/target.ts';

interface Options {
  readonly target: 'aws' | 'local';
  readonly timeout: number;
  readonly json?: boolean;
}

function createDeps(url: string): { deps: SmokeDeps; close: () => void } {
  const names = resourceNames(readSettingsFile().environmentName);
  const kinesis = createKinesisClient();
  const cloudWatch = new CloudWatchClient({});
  const documents = createDocumentClient();
  const reader = createResultsReader({
    query: createQueryItems(documents, names.resultsTable),
    getBatch: createGetBatch(documents, names.resultsTable),
  });
  const apiKey = process.env.SPANSTREAM_API_KEY;
  const deps: SmokeDeps = {
    async put(record) {
      await kinesis.send(
        new PutRecordCommand({
          StreamName: names.stream,
          PartitionKey: record.id,
          Data: Buffer.from(JSON.stringify(record)),
        }),
      );
    },
    results: (id) => reader.byId(id),
    async ask(method, path, body) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...(apiKey && { 'x-api-key': apiKey }) },
        signal: AbortSignal.timeout(60_000),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) {
        throw new SpanstreamError('smoke-failed', `${method} ${path}: ${response.status} ${text}`);
      }
      return JSON.parse(text);
    },
    processed(source, since) {
      const metric = {
        Namespace: names.metricsNamespace,
        MetricName: metricNames.recordsProcessed,
        Dimensions: [{ Name: dimensionNames.source, Value: source }],
      };
      return publishedSum(cloudWatch, metric, since);
    },
    now: Date.now,
    pause: async (milliseconds) => void (await delay(milliseconds)),
    say,
  };
  return {
    deps,
    close() {
      kinesis.destroy();
      cloudWatch.destroy();
      documents.destroy();
    },
  };
}

async function smoke({ target, timeout, json }: Options, signal: AbortSignal): Promise<void> {
  const environment = await targetEnvironment(target, process.env);
  Object.assign(process.env, environment);
  const { deps, close } = createDeps(environment.SPANSTREAM_HTTP_URL);
  try {
    const id = `smoke-${randomUUID()}`;
    const limits = { storedSeconds: timeout, metricSeconds: timeout };
    const work = runSmoke(id, deps, limits);
    const report = await untilInterrupted(work, signal, () => `${id} may be on the stream`);
    print([], json && { target, ...report });
  } finally {
    close();
  }
}

await runCommand(
  createCommand('smoke', 'Sends one record through a deployment: stream, table, API, metric.')
    .addOption(
      new Option('--target <target>', 'what to test').choices(['aws', 'local']).default('local'),
    )
    .option(
      '--timeout <seconds>',
      'longest wait for the result, and for the metric',
      wholeNumber(1),
      300,
    )
    .addHelpText(
      'after',
      `
--target local finds the stack by the variables of its services, else by what the stack wrote to .spanstream/.
--target aws finds the API by what npm run deploy wrote to cdk-outputs.json.

Environment:
  SPANSTREAM_HTTP_URL   address of the API, in place of either
  SPANSTREAM_API_KEY    its key

Example:
  SPANSTREAM_API_KEY=... ${callOf('smoke')} --target aws`,
    )
    .action((options: Options) => interruptible((signal) => smoke(options, signal))),
);
