import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeleteObjectsCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { localClients } from '#local/cloud/clients.ts';
import { alarmDefinitions, isExpression } from '#shared/alarms.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { API_STAGE, type ResourceNames, resourceNames } from '#shared/names.ts';
import { parseSettings, type SettingsInput } from '#shared/settings.ts';
import { bundle } from '#stacks/local/bundle.ts';
import type { Deployed } from '../../scripts/demo/books.ts';
import { cdk } from './cdk.ts';
import { installMinistack, type Ministack, startMinistack } from './ministack.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** The one account and region of the emulator. */
const ACCOUNT = '000000000000';
const REGION = 'us-east-1';
const ENVIRONMENT_NAME = 'cloud';

/** What the emulator needs: code as a zip, and no alarms of metric math, which its CloudFormation does not make. */
const emulatorSettings: SettingsInput = {
  environmentName: ENVIRONMENT_NAME,
  removalPolicy: 'destroy',
  inference: { package: 'zip' },
  metrics: { readBackSeconds: 1 },
  // Books are to hold what was put; a test that wants a canary says so.
  canary: { everyMinutes: 0 },
  alarms: {
    omit: alarmDefinitions(parseSettings({}), resourceNames(ENVIRONMENT_NAME))
      .filter(({ signal }) => isExpression(signal))
      .map(({ id }) => id),
  },
};

/** The stacks on an emulator of AWS. */
export interface EmulatedCloud extends Deployed {
  readonly endpoint: string;
  readonly clients: ReturnType<typeof localClients>;
  /** What leads any AWS client and the project's commands to the emulator. */
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the stacks. */
  readonly stacks: readonly string[];
  /** The API's address without a trailing slash, and the key that it asks for. */
  readonly api: { readonly url: string; readonly key: string };
  readonly names: Deployed['names'] &
    Pick<ResourceNames, 'prefix' | `${'inference' | 'metrics'}Function`> & {
      readonly intakeBucket: string;
    };
  /** Ids of the processes that run a function now. */
  readonly processes: Ministack['processes'];
  /**
   * Deploys all stacks again, with these settings over the emulator's; a stack that fails is rolled back, unless it is to be left
   * as it is.
   */
  deploy(settings?: SettingsInput, options?: { readonly rollback?: boolean }): Promise<void>;
  /** Takes a stack back that was left where a deployment failed. */
  rollBack(stack: string): Promise<void>;
  /** Empties the buckets and deletes all stacks. */
  destroy(): Promise<void>;
  /** Ends the emulator with all that it holds. */
  close(): Promise<void>;
}

/**
 * Starts MiniStack, bootstraps it and deploys all stacks by CDK, as `npm run deploy` would into an account.
 *
 * @param options.emulator environment of MiniStack beside its own, which its functions see too
 * @throws {SpanstreamError} where MiniStack cannot be installed, or CDK fails
 */
export async function startEmulatedCloud(options: {
  readonly settings?: SettingsInput;
  readonly emulator?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly say?: (line: string) => void;
}): Promise<EmulatedCloud> {
  const { signal, say = () => undefined } = options;
  const install = await installMinistack();
  if ('missing' in install) throw new SpanstreamError('no-emulator', install.missing);
  const ministack = await startMinistack({ LAMBDA_EXECUTOR: 'local', ...options.emulator });
  const { endpoint } = ministack;
  const folder = await mkdtemp(join(tmpdir(), 'spanstream-cloud-'));
  const settingsFile = join(folder, 'spanstream.config.json');
  const outputsFile = join(folder, 'outputs.json');
  const assembly = join(folder, 'cdk.out');
  const variables = emulatorVariables(endpoint, settingsFile);
  const clients = localClients({
    ...{ kinesis: endpoint, dynamodb: endpoint, cloudwatch: endpoint, s3: endpoint },
  });
  const run = (args: readonly string[], cwd = root) =>
    cdk(args, {
      ...{ cwd, signal, environment: withoutAccounts(variables) },
      onLine: (line) => /^\s*✅/.test(line) && say(line.trim()),
    });

  async function deploy(settings: SettingsInput = {}, { rollback = true } = {}): Promise<void> {
    const { inference, alarms, metrics, ...others } = settings;
    const merged: SettingsInput = {
      ...{ ...emulatorSettings, ...others },
      inference: { ...emulatorSettings.inference, ...inference },
      alarms: { ...emulatorSettings.alarms, ...alarms },
      metrics: { ...emulatorSettings.metrics, ...metrics },
    };
    await writeFile(settingsFile, JSON.stringify(merged));
    const files = ['--output', assembly, '--outputs-file', outputsFile];
    const flags = ['--require-approval', 'never', ...(rollback ? [] : ['--no-rollback'])];
    await run(['deploy', '--all', ...flags, ...files]);
  }

  async function close(): Promise<void> {
    clients.destroy();
    await ministack.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  try {
    say(`MiniStack listens on ${endpoint}`);
    await bundle({ outdir: join(root, 'dist') });
    // Elsewhere than in the project: an environment is bootstrapped without its app.
    await run(['bootstrap', `aws://${ACCOUNT}/${REGION}`, '--no-notices'], folder);
    await deploy(options.settings);
    const outputs = await readOutputs(outputsFile);
    const names = {
      ...resourceNames(ENVIRONMENT_NAME),
      failuresBucket: outputs('FailuresBucket'),
      intakeBucket: outputs('IntakeBucket'),
    };
    const [apiId] = new URL(outputs('ApiUrl')).hostname.split('.');
    const api = {
      url: `${endpoint}/restapis/${apiId}/${API_STAGE}/_user_request_`,
      key: await readApiKey(endpoint, outputs('ApiKeyId')),
    };
    return {
      ...{ endpoint, clients, names, api, deploy, close },
      processes: ministack.processes,
      stacks: await stacksOf(assembly),
      variables: { ...variables, SPANSTREAM_HTTP_URL: api.url, SPANSTREAM_API_KEY: api.key },
      rollBack: (stack) => run(['rollback', stack, '--app', assembly]),
      async destroy() {
        for (const bucket of [names.failuresBucket, names.intakeBucket])
          await empty(clients, bucket);
        await run(['destroy', '--all', '--force', '--app', assembly]);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function emulatorVariables(endpoint: string, settingsFile: string): Record<string, string> {
  const services = ['KINESIS', 'DYNAMODB', 'CLOUDWATCH', 'S3'];
  return {
    AWS_ENDPOINT_URL: endpoint,
    ...Object.fromEntries(services.map((name) => [`AWS_ENDPOINT_URL_${name}`, endpoint])),
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    SPANSTREAM_CONFIG: settingsFile,
  };
}

/** An environment with nothing of this one's that could lead to an account: no variable of AWS, no profile. */
function withoutAccounts(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(
    ([name]) => !/^(AWS|CDK|SPANSTREAM)_/.test(name),
  );
  const none = `${variables.SPANSTREAM_CONFIG}.none`;
  return {
    ...Object.fromEntries(others),
    ...variables,
    AWS_CONFIG_FILE: none,
    AWS_SHARED_CREDENTIALS_FILE: none,
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CDK_DISABLE_VERSION_CHECK: 'true',
  };
}

async function stacksOf(assembly: string): Promise<string[]> {
  const { artifacts } = JSON.parse(await readFile(join(assembly, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { type: string }>;
  };
  const stacks = Object.entries(artifacts).filter(
    ([, { type }]) => type === 'aws:cloudformation:stack',
  );
  return stacks.map(([name]) => name);
}

/** Finds what the stacks put out, by its name. */
async function readOutputs(file: string): Promise<(name: string) => string> {
  const outputs: Record<string, Record<string, string>> = JSON.parse(await readFile(file, 'utf8'));
  const all: Record<string, string> = Object.assign({}, ...Object.values(outputs));
  return (name) => {
    const value = all[name];
    if (value === undefined) throw new SpanstreamError('cdk-failed', `no stack puts out ${name}`);
    return value;
  };
}

async function readApiKey(endpoint: string, id: string): Promise<string> {
  const answer = await fetch(`${endpoint}/apikeys/${id}?includeValue=true`);
  return ((await answer.json()) as { value: string }).value;
}

async function empty({ s3 }: Deployed['clients'], Bucket: string): Promise<void> {
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    const Objects = Contents.map(({ Key }) => ({ Key }));
    if (Objects.length > 0)
      await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  }
}
