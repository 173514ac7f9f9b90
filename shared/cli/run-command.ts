import { Command, CommanderError, Help, InvalidArgumentError } from 'commander';
import { messageOf, SpanstreamError } from '#shared/errors.ts';
import { InterruptedError } from './interrupt.ts';

// The SDK's notice on Node versions to come would stand in the middle of every command's output.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** A command with the manners they all share: `--json`, `--help`, errors on standard error, exit code 2 for wrong usage. */
export function createCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'end with one JSON object as the last line of standard output')
    .configureHelp({
      showGlobalOptions: true,
      commandUsage: (shown) => new Help().commandUsage(shown).replace(name, `npm run ${name} --`),
    })
    .configureOutput({
      outputError(text, write) {
        const fault = text
          .trim()
          .replace(/^error: /, '')
          .replace(/\n/g, ' ');
        write(`${name}: ${fault} (--help shows the options)\n`);
      },
    })
    .exitOverride();
}

/**
 * Runs a command to its exit code: 0 done, 1 failed, 2 wrong usage, 130 ended by Ctrl-C. Known errors print their message
 * alone.
 */
export async function runCommand(
  command: Command,
  argv: readonly string[] = process.argv,
): Promise<void> {
  try {
    await command.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const known = error instanceof SpanstreamError;
    process.stderr.write(
      `${command.name()}: ${known ? error.message : ((error as Error)?.stack ?? messageOf(error))}\n`,
    );
    process.exitCode = error instanceof InterruptedError ? error.exitCode : 1;
  }
}

/** Option parser for a whole number of at least `minimum`. */
export function wholeNumber(minimum: number): (value: string) => number {
  return (value) => {
    const parsed = Number(value);
    if (!Number.isSafeInteger(parsed) || parsed < minimum) {
      throw new InvalidArgumentError(`it must be a whole number of at least ${minimum}.`);
    }
    return parsed;
  };
}
