import { checkTarget, type Target } from '#shared/cli/target-endpoints.ts';
import { type LocalEndpoints, readLocalEndpoints } from '#shared/local-endpoints.ts';

type ServiceVariable = 'AWS_ENDPOINT_URL_KINESIS' | 'AWS_ENDPOINT_URL_S3';

/** How the clients of a command are to be made. */
export interface TargetClients {
  readonly endpoints: Partial<Record<ServiceVariable, string>>;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * Finds the services of a target: AWS by the SDK's own rules; the local stack by its variables, else by the file it writes.
 *
 * @throws {ConfigurationError} where the target is local and no stack can be found, or a variable leads to the other target
 */
export async function findTarget(
  target: Target,
  needed: readonly ServiceVariable[],
  deps: {
    environment?: NodeJS.ProcessEnv;
    readEndpoints?: () => Promise<LocalEndpoints>;
  } = {},
): Promise<TargetClients> {
  const { environment = process.env, readEndpoints = readLocalEndpoints } = deps;
  checkTarget(target, needed, environment);
  if (target === 'aws') return { endpoints: {} };
  if (needed.every((name) => environment[name])) {
    return {
      endpoints: Object.fromEntries(needed.map((name) => [name, environment[name]])),
      region: environment.AWS_REGION ?? 'us-east-1',
      credentials: {
        accessKeyId: environment.AWS_ACCESS_KEY_ID ?? 'local',
        secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? 'local',
      },
    };
  }
  const found = await readEndpoints();
  return {
    endpoints: Object.fromEntries(needed.map((name) => [name, found[name]])),
    region: found.AWS_REGION,
    credentials: {
      accessKeyId: found.AWS_ACCESS_KEY_ID,
      secretAccessKey: found.AWS_SECRET_ACCESS_KEY,
    },
  };
}
