import { ConfigurationError } from '#shared/errors.ts';

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
    if (!URL.canParse(address) || !/^https?:/i.test(address)) {
      throw new ConfigurationError(`${name} is no http or https address: ${address}`);
    }
    const { hostname } = new URL(address);
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
