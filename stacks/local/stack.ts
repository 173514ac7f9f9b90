import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createLocalCloud,
  type LocalCloud,
  type LocalCloudOptions,
} from '#local/cloud/local-cloud.ts';
import type { ObjectQueue } from '#local/cloud/object-queue.ts';
import type { Endpoints, ServiceName } from '#local/cloud/services.ts';
import type { EventSourceMapping } from '#local/event-source-mapping/event-source-mapping.ts';
import type { Invoke } from '#local/lambda/invocation.ts';
import type { LambdaFunction } from '#local/lambda/lambda-function.ts';
import { callOf } from '#shared/cli/run-command.ts';
import { httpRoutes } from '#shared/contracts/http-api.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { functionEnvironments } from '#shared/function-environment.ts';
import { createLogger, type Logger } from '#shared/log.ts';
import { INBOX_PREFIX, type ResourceNames, resourceNames } from '#shared/names.ts';
import { canaryTimeoutSeconds, type Settings } from '#shared/settings.ts';
import { apiGateway, startApiGateway } from './api-gateway/index.ts';
import { bundle } from './bundle.ts';
import { startClock } from './clock.ts';
import { startConsole } from './console/index.ts';
import { redriveKeys } from './console/redrive-keys.ts';
import { provision } from './provision.ts';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

/** A package holds the functions as they were bundled when it was made. */
const packedFunctions = import.meta.url.endsWith('.js') ? join(root, 'functions') : undefined;

/** The stand-in of CloudWatch can be read at once, so that nobody waits for it as on AWS. */
const READ_BACK_SECONDS = '1';
/** Nothing that the console asks for costs anything here, and metrics are there within seconds. */
const POLL_SECONDS = 5;

/** The functions of a stack; the canary where it has a clock. */
export type Functions = Readonly<
  Record<'inference' | 'metrics' | 'http' | 'intake', LambdaFunction>
> & { readonly canary?: LambdaFunction };

/** The two mappings of a stack. */
export type Mappings = Readonly<Record<'inference' | 'metrics', EventSourceMapping>>;

/** Puts something between a mapping and its function. */
export type WrapInvoke = (name: keyof Mappings, invoke: Invoke) => Invoke;

/** How a local stack is started; only the folder and the settings are needed. */
export interface LocalStackOptions extends Omit<LocalCloudOptions, 'ports' | 'log'> {
  readonly settings: Settings;
  /** Ports on 127.0.0.1; any free one where left out. */
  readonly ports?: Partial<Record<ServiceName | 'http' | 'console', number>>;
  /** Folder with `manifest.json`; the bundled models unless given. */
  readonly modelsDirectory?: string | undefined;
  /** Folder of bundles that are built already; built into `bundles/` of the stack's folder unless given. */
  readonly bundleDirectory?: string;
  /** The console as it was built; `dist/console` of the repository unless given. */
  readonly consoleDirectory?: string | undefined;
  /** Runs what the settings schedule: the canary, whose probes are records among the others. Off unless given. */
  readonly clock?: boolean;
  readonly wrapInvoke?: WrapInvoke;
  readonly log?: Logger;
}

/** A running local stack. */
export interface LocalStack {
  readonly names: ResourceNames;
  readonly endpoints: Endpoints & { readonly http: string; readonly console: string };
  /** The endpoints as environment variables for any AWS client. */
  readonly environment: Readonly<Record<string, string>>;
  /** SDK clients that talk to the services themselves. */
  readonly clients: LocalCloud['clients'];
  readonly functions: Functions;
  readonly mappings: Mappings;
  /** Whether all that had arrived on either stream by `since` (epoch milliseconds) is processed. */
  idle(since?: number): boolean;
  close(): Promise<void>;
}

/**
 * Starts the whole product on this machine: services, functions, mappings and the HTTP front.
 *
 * @throws {ConfigurationError} where the folder is in use or a port is taken
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const { settings, directory, ports } = options;
  const names = resourceNames(settings.environmentName);
  const log = options.log ?? createLogger({ level: 'error', name: 'local' });
  const cloud = await createLocalCloud({ ...options, log });
  try {
    const built = options.bundleDirectory ?? packedFunctions;
    // Not into the repository's dist/: another stack may start from the same checkout, or be running from there.
    const bundleDirectory = built ?? join(directory, 'bundles');
    const [provisioned] = await Promise.all([
      provision(cloud.clients, settings, names),
      built === undefined ? bundle({ outdir: bundleDirectory }) : undefined,
    ]);
    const functions = await createFunctions(cloud, options, names, bundleDirectory, log);
    await becomeReady(functions.http);

    const map = (name: keyof Mappings, streamArn: string) =>
      cloud.mapStream({
        name,
        streamArn,
        functionName: functions[name].name,
        settings: settings[name].mapping,
        onFailureBucket: names.failuresBucket,
        wrapInvoke: (invoke) => options.wrapInvoke?.(name, invoke) ?? invoke,
      });
    const mappings = {
      inference: await map('inference', provisioned.streamArn),
      metrics: await map('metrics', provisioned.resultsStreamArn),
    };
    const inbox = settings.intake.enabled
      ? cloud.notifyOfObjects({
          bucket: names.intakeBucket,
          prefix: INBOX_PREFIX,
          functionName: functions.intake.name,
          maximumConcurrency: settings.intake.maximumConcurrency,
        })
      : undefined;
    const gateway = { routes: httpRoutes, invoke: functions.http.invoke };
    const api = await startApiGateway({
      ...gateway,
      ...(ports?.http === undefined ? {} : { port: ports.http }),
    });
    const console = await startConsole({
      directory: options.consoleDirectory ?? join(root, 'dist/console'),
      api: apiGateway(gateway),
      info: {
        where: 'local',
        environmentName: settings.environmentName,
        apiUrl: api.endpoint,
        needsKey: false,
        pollSeconds: POLL_SECONDS,
        canRedrive: true,
        commands: { redrive: callOf('redrive'), produce: callOf('produce') },
      },
      redrive: (wanted) => redriveKeys(wanted, cloud.clients, names),
      port: ports?.console,
    }).catch(async (error: unknown) => {
      await api.close();
      throw error;
    });

    const stopClock =
      functions.canary &&
      startClock(functions.canary.invoke, settings.canary.everyMinutes * 60_000, log);

    return {
      names,
      endpoints: { ...cloud.endpoints, http: api.endpoint, console: console.endpoint },
      environment: cloud.environment,
      clients: cloud.clients,
      functions,
      mappings,
      idle: idleInTurn(mappings, inbox),
      async close() {
        stopClock?.();
        await Promise.all([console.close(), api.close()]);
        await cloud.close();
      },
    };
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

/** Idle is the inbox first, then the stream, and the table's stream as of then: what the former wrote last must have been counted, too. */
function idleInTurn(
  { inference, metrics }: Mappings,
  inbox: ObjectQueue | undefined,
): LocalStack['idle'] {
  let quiet: { since: number; at: number } | undefined;
  return (since = 0) => {
    const putBy = inbox ? inbox.idleSince() : 0;
    if (putBy === undefined || !inference.idle(Math.max(since, putBy))) quiet = undefined;
    else if (quiet?.since !== since) quiet = { since, at: Date.now() };
    return quiet !== undefined && metrics.idle(Math.max(since, quiet.at));
  };
}

async function createFunctions(
  cloud: LocalCloud,
  { settings, directory, modelsDirectory, clock }: LocalStackOptions,
  names: ResourceNames,
  bundleDirectory: string,
  log: Logger,
): Promise<Functions> {
  const environments = functionEnvironments(settings, names);
  const key = settings.results.redact && (await redactionKey(directory));
  const create = (kind: keyof Functions) =>
    cloud.createFunction({
      name: names[`${kind}Function`],
      bundleDirectory: join(bundleDirectory, kind),
      environment: {
        SPANSTREAM_MODELS: resolve(modelsDirectory ?? join(root, 'models')),
        ORT_DISABLE_TELEMETRY: '1',
        ...environments[kind],
        ...(key !== undefined && handlesTexts(kind) && { SPANSTREAM_REDACT_KEY: key }),
        ...(kind === 'metrics' && { SPANSTREAM_READ_BACK_SECONDS: READ_BACK_SECONDS }),
      },
      timeoutSeconds:
        kind === 'canary' ? canaryTimeoutSeconds(settings) : settings[kind].timeoutSeconds,
      memoryMb: settings[kind].memoryMb,
      maximumConcurrency: concurrencyOf(kind, settings),
      // Most stacks never read an object.
      startsLate: kind === 'intake',
      onLog: (line) => log.debug(line, 'function'),
      logFile: join(directory, 'logs', `${kind}.log`),
    });
  const hasCanary = clock && settings.canary.everyMinutes > 0;
  return {
    inference: await create('inference'),
    metrics: await create('metrics'),
    http: await create('http'),
    ...(hasCanary && { canary: await create('canary') }),
    intake: await create('intake'),
  };
}

const handlesTexts = (kind: keyof Functions): boolean => kind !== 'metrics' && kind !== 'canary';

/** One process with models uses every core already; on AWS each has cores of its own. */
function concurrencyOf(kind: keyof Functions, { metrics, intake }: Settings): number {
  if (kind === 'metrics') return metrics.reservedConcurrency || 10;
  return kind === 'intake' ? intake.maximumConcurrency : 1;
}

/** The key of tags and content hashes: made once and kept in the stack's folder, since another would give other tags. */
async function redactionKey(directory: string): Promise<string> {
  const path = join(directory, 'redaction.key');
  const made = randomBytes(32).toString('hex');
  await writeFile(path, made, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  return readFile(path, 'utf8');
}

/** Waits until the models are loaded, so that one that cannot be is said at once and not in a log. */
async function becomeReady(http: LambdaFunction): Promise<void> {
  const health = await http.invoke({
    httpMethod: 'GET',
    path: '/v1/health',
    resource: '/v1/health',
  });
  if (!health.ok) {
    throw new SpanstreamError('not-ready', `the functions cannot start: ${health.errorMessage}`);
  }
}
