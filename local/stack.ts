import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApiGateway } from '#local/services/api-gateway/index.ts';
import { gatewayProblems } from '#shared/contracts/gateway-problems.ts';
import { httpRoutes } from '#shared/contracts/http-api.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { createLogger, type Logger } from '#shared/log.ts';
import { type ResourceNames, resourceNames } from '#shared/names.ts';
import type { Settings } from '#shared/settings.ts';
import { bundle } from '../scripts/bundle.ts';
import { type LocalClients, localClients } from './stack/clients.ts';
import { type Endpoints, endpointEnvironment, type ServiceName } from './stack/endpoints.ts';
import { type Functions, startFunctions } from './stack/functions.ts';
import { lockDirectory } from './stack/lock.ts';
import { type Mappings, startMappings, type WrapInvoke } from './stack/mappings.ts';
import { provision } from './stack/provision.ts';
import { startServices } from './stack/services.ts';

const root = resolve(fileURLToPath(import.meta.url), '../..');

/** How a local stack is started; only the folder and the settings are needed. */
export interface LocalStackOptions {
  /** Folder that keeps everything; a stack started in it again goes on where it was. */
  readonly directory: string;
  readonly settings: Settings;
  /** Ports on 127.0.0.1; any free one where left out. */
  readonly ports?: Partial<Record<ServiceName | 'http', number>>;
  /** Folder with `manifest.json`; the bundled models unless given. */
  readonly modelsDirectory?: string;
  /** Folder of bundles that are built already; built into `bundles/` of the stack's folder unless given. */
  readonly bundleDirectory?: string;
  /** Endpoints that functions and mappings use instead of the services' own, as a proxy in front of one. */
  readonly clientEndpoints?: Partial<Endpoints>;
  /** Puts something between a mapping and its function. */
  readonly wrapInvoke?: WrapInvoke;
  readonly log?: Logger;
}

/** A running local stack. */
export interface LocalStack {
  readonly names: ResourceNames;
  readonly endpoints: Endpoints & { readonly http: string };
  /** The endpoints as environment variables for any AWS client. */
  readonly environment: Readonly<Record<string, string>>;
  /** SDK clients that talk to the services themselves. */
  readonly clients: LocalClients;
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
  const { settings, directory } = options;
  const names = resourceNames(settings.environmentName);
  const log = options.log ?? createLogger({ level: 'error', name: 'local' });
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    closers.push(await lockDirectory(directory));
    // Not into the repository's dist/: another stack may start from the same checkout, or be running from there.
    const bundleDirectory = options.bundleDirectory ?? join(directory, 'bundles');
    const [services] = await Promise.all([
      startServices(directory, options.ports ?? {}),
      options.bundleDirectory === undefined ? bundle({ outdir: bundleDirectory }) : undefined,
    ]);
    closers.push(services.close);
    const clients = localClients(services.endpoints);
    closers.push(clients.destroy);
    const provisioned = await provision(clients, settings, names);

    const clientEndpoints = { ...services.endpoints, ...options.clientEndpoints };
    const functions = await startFunctions({
      directory,
      bundleDirectory,
      modelsDirectory: resolve(options.modelsDirectory ?? join(root, 'models')),
      settings,
      names,
      endpoints: clientEndpoints,
      log: (line) => log.debug(line, 'function'),
    });
    closers.push(() => Promise.all(Object.values(functions).map((one) => one.close())));

    await becomeReady(functions.http);

    const mappingClients = localClients(clientEndpoints);
    closers.push(mappingClients.destroy);
    const mappings = startMappings({
      directory,
      settings,
      names,
      clients: mappingClients,
      functions,
      provisioned,
      log,
      wrapInvoke: options.wrapInvoke ?? ((_name, invoke) => invoke),
    });
    closers.push(() => Promise.all(Object.values(mappings).map((one) => one.close())));

    const api = await startApiGateway({
      routes: httpRoutes,
      problems: gatewayProblems,
      ...(options.ports?.http === undefined ? {} : { port: options.ports.http }),
      invoke: async (event) => {
        const invocation = await functions.http.invoke(event);
        return invocation.ok ? invocation : { ok: false, error: invocation.errorMessage };
      },
    });
    closers.push(api.close);

    return {
      names,
      endpoints: { ...services.endpoints, http: api.endpoint },
      environment: endpointEnvironment(services.endpoints),
      clients,
      functions,
      mappings,
      idle: (since) => Object.values(mappings).every((mapping) => mapping.idle(since)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until the models are loaded, so that one that cannot be is said at once and not in a log. */
async function becomeReady(http: Functions['http']): Promise<void> {
  const health = await http.invoke({
    httpMethod: 'GET',
    path: '/v1/health',
    resource: '/v1/health',
  });
  if (!health.ok) {
    throw new SpanstreamError('not-ready', `the functions cannot start: ${health.errorMessage}`);
  }
}
