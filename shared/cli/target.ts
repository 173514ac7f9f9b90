import { ConfigurationError } from '#shared/errors.ts';
import { httpAddress, type LocalEndpoints, readLocalEndpoints } from '#shared/local-endpoints.ts';

/** Where a command works. */
export type Target = 'local' | 'aws';

const ofThisMachine = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0|\[::\])$/;
const ofAws = /\.(amazonaws\.com(\.cn)?|api\.aws)$/;

/**
 * Sees to it that a command goes where its `--target` says. The variables that lead to a local stack are those that every SDK
 * client reads, so a shell that still has them would send to the local stack what was meant for AWS, and say that it was
 * sent. Any other address is taken for what the target says: an endpoint in a VPC, or an emulator elsewhere.
 *
 * @param variables names of those that the command's clients read
 * @throws {ConfigurationError} naming the variable that leads elsewhere
 */
export function checkTarget(
  target: Target,
  variables: readonly string[],
  environment: NodeJS.ProcessEnv,
): void {
  const names = target === 'aws' ? [...variables, 'AWS_ENDPOINT_URL'] : variables;
  for (const name of names) {
    const address = environment[name];
    if (!address) continue;
    const { hostname } = httpAddress(name, address);
    if (target === 'aws' && ofThisMachine.test(hostname)) {
      throw new ConfigurationError(
        `--target aws, but ${name} is ${address}, on this machine: unset it, or use --target local`,
      );
    }
    if (target === 'local' && ofAws.test(hostname)) {
      throw new ConfigurationError(
        `--target local, but ${name} is ${address}, on AWS: unset it, or use --target aws`,
      );
    }
  }
}

type ServiceVariable =
  | 'AWS_ENDPOINT_URL_KINESIS'
  | 'AWS_ENDPOINT_URL_DYNAMODB'
  | 'AWS_ENDPOINT_URL_S3';

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
