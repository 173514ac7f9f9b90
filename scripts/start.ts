import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { type Endpoints, type ServiceName, serviceNames } from '#local/cloud/services.ts';
import type { AlarmNotification } from '#local/services/cloudwatch/index.ts';
import { interruptible } from '#shared/cli/interrupt.ts';
import {
  createCommand,
  existingFile,
  existingFolder,
  modelNames,
  print,
  runCommand,
  say,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { profiledTasks } from '#shared/drift/profile.ts';
import { messageOf } from '#shared/errors.ts';
import { ANY_NAME } from '#shared/metric-names.ts';
import type { Settings } from '#shared/settings.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { builtPage } from './build-page.ts';

interface Flags {
  directory: string;
  config?: string;
  models?: string;
  model?: string[];
  use?: Partial<Endpoints>;
  portKinesis: number;
  portDynamodb: number;
  portCloudwatch: number;
  portS3: number;
  portHttp: number;
  portConsole: number;
  json?: boolean;
}

const CLEAR_LINE = '\r\u001b[K';

function announce(stack: LocalStack, directory: string, { intake }: Settings): void {
  print([
    `Spanstream runs on this machine; its data is in ${directory}.`,
    '',
    `  text stream     ${stack.names.stream}`,
    `  results table   ${stack.names.resultsTable}`,
    `  failures bucket ${stack.names.failuresBucket}`,
    ...(intake.enabled ? [`  intake bucket   ${stack.names.intakeBucket}`] : []),
    `  HTTP            ${stack.endpoints.http}/v1/health`,
    `  console         ${stack.endpoints.console}`,
    '',
    'For the AWS CLI or any SDK:',
    '',
    ...Object.entries(stack.environment).map(([name, value]) => `  export ${name}=${value}`),
    '',
    'Ctrl-C ends it; started again it goes on where it was.',
  ]);
}

/** Says on standard error what an alarm tells; not that a new one finds nothing wrong. */
function showNotification({ message }: AlarmNotification): void {
  const { AlarmName, OldStateValue, NewStateValue, NewStateReason } = message;
  if (OldStateValue === 'INSUFFICIENT_DATA' && NewStateValue === 'OK') return;
  const clear = process.stderr.isTTY ? CLEAR_LINE : '';
  say(`${clear}alarm ${AlarmName}: ${NewStateValue}: ${NewStateReason}`);
}

/** Rewrites one line on a terminal with how far the stack is; says nothing elsewhere. */
function showStatus({ mappings: { inference, metrics } }: LocalStack): () => void {
  if (!process.stderr.isTTY) return () => undefined;
  const timer = setInterval(() => {
    const { records, acknowledged, ms } = inference.lag();
    process.stderr.write(
      `${CLEAR_LINE}processed ${acknowledged}, waiting ${records} (${(ms / 1000).toFixed(1)} s behind), to count ${metrics.lag().records}`,
    );
  }, 1_000);
  return () => {
    clearInterval(timer);
    say('');
  };
}

/** A metric costs nothing here: types, labels and languages are counted by their names, whichever they are, and every task's drift. */
function countingAllByName(settings: Settings): Settings {
  const any = [ANY_NAME];
  const { metrics } = settings;
  const countedByName = { ...metrics.countedByName, entityTypes: any, labels: any, languages: any };
  const drift = { ...metrics.drift, tasks: [...profiledTasks] };
  return { ...settings, metrics: { ...metrics, countedByName, drift } };
}

async function run(flags: Flags, signal: AbortSignal): Promise<void> {
  const directory = resolve(flags.directory);
  const endpointsFile = join(directory, 'endpoints.json');
  const settings = {
    ...readSettingsFile(flags.config),
    ...(flags.model && { models: flags.model }),
  };
  // Without the page all else is of use.
  const consoleDirectory = await builtPage().catch((error: unknown) => say(messageOf(error)));
  const stack = await startLocalStack({
    directory,
    consoleDirectory: consoleDirectory ?? undefined,
    settings: countingAllByName(settings),
    modelsDirectory: flags.models,
    endpoints: flags.use,
    clock: true,
    onNotification: showNotification,
    ports: {
      kinesis: flags.portKinesis,
      dynamodb: flags.portDynamodb,
      cloudwatch: flags.portCloudwatch,
      s3: flags.portS3,
      http: flags.portHttp,
      console: flags.portConsole,
    },
  });
  let hideStatus = () => {};
  try {
    const endpoints = {
      ...stack.environment,
      SPANSTREAM_HTTP_URL: stack.endpoints.http,
      SPANSTREAM_CONSOLE_URL: stack.endpoints.console,
    };
    await writeFile(endpointsFile, `${JSON.stringify(endpoints, null, 2)}\n`);
    announce(stack, directory, settings);
    print([], flags.json && endpoints);
    hideStatus = showStatus(stack);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    hideStatus();
    say('ending; batches under way are finished first');
    await rm(endpointsFile, { force: true });
    await stack.close();
  }
}

async function start(flags: Flags): Promise<void> {
  await interruptible((signal) => run(flags, signal));
  // Ctrl-C is how it is meant to end.
  process.exitCode = 0;
}

function addEndpoint(value: string, others: Partial<Endpoints> = {}): Partial<Endpoints> {
  const [name = '', url = ''] = value.split(/=(.*)/s);
  if (!serviceNames.includes(name as ServiceName) || !URL.canParse(url)) {
    throw new InvalidArgumentError(
      `it must be ${serviceNames.join(', ')}, then = and an address such as http://127.0.0.1:4569.`,
    );
  }
  return { ...others, [name]: url };
}

const port = wholeNumber(0, 65_535);
const command = createCommand('start', 'Runs the local stack until Ctrl-C')
  .option('--directory <dir>', 'folder that keeps everything', '.spanstream')
  .option(
    '--config <file>',
    'settings (default: spanstream.config.json, where it exists)',
    existingFile,
  )
  .option('--models <dir>', 'models to run (default: the bundled ones)', existingFolder)
  .option('--model <name or folder>', 'run this one alone; may be given more than once', modelNames)
  .option(
    '--use <service=url>',
    'a service that runs already, such as cloudwatch=http://127.0.0.1:4569 of another stack; may be given several times',
    addEndpoint,
  )
  .option('--port-kinesis <n>', 'port of Kinesis; 0 takes any', port, 4567)
  .option('--port-dynamodb <n>', 'port of DynamoDB and its streams', port, 4568)
  .option('--port-cloudwatch <n>', 'port of CloudWatch', port, 4569)
  .option('--port-s3 <n>', 'port of S3', port, 4570)
  .option('--port-http <n>', 'port of the HTTP API', port, 4571)
  .option('--port-console <n>', 'port of the console', port, 4572)
  .action(start);

await runCommand(command);
