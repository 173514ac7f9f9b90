import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, CommanderError, Help, InvalidArgumentError } from 'commander';
import type * as z from 'zod';
import { messageOf, SpanstreamError } from '#shared/errors.ts';
import { CODES, endedBySignal, surviveClosedPipes } from './interrupt.ts';

// The SDK's notice on Node versions to come would stand in the middle of every command's output.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** How long an ended command waits for its last words to be read. */
const LAST_WORDS_MS = 2_000;

const isPackage = import.meta.url.endsWith('.js');

/**
 * How a command is called: by the program of the installed package, or as a script of the repository.
 *
 * @param isPiped npm is to keep its own lines out of the output
 */
export const callOf = (name: string, isPiped = false): string =>
  isPackage ? `spanstream ${name}` : `npm run ${isPiped ? '--silent ' : ''}${name} --`;

/** A command with the manners they all share: `--json`, `--help`, errors on standard error, exit code 2 for wrong usage. */
export function createCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'end with one JSON object as the last line of standard output')
    .configureHelp({
      showGlobalOptions: true,
      commandUsage: (shown) => new Help().commandUsage(shown).replace(name, callOf(name)),
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
 * Runs a command to its exit code: 0 done, 1 failed, 2 wrong usage, 130 ended by Ctrl-C, 143 by SIGTERM, 141 because nobody reads
 * its output any more. Known errors print their message alone. What the work left running when it was interrupted ends with it.
 */
export async function runCommand(
  command: Command,
  argv: readonly string[] = process.argv,
): Promise<void> {
  surviveClosedPipes(command.name());
  try {
    await command.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    if (!endedBySignal()) process.exitCode = 1;
    // Nobody who closed the output wants to read what came of it.
    if (process.exitCode !== CODES.SIGPIPE) say(`${command.name()}: ${faultOf(error)}`);
  }
  if (!endedBySignal()) return;
  // A pipe that is read slowly still holds what was said last, which an exit would cut off.
  const handedOn = Promise.all([process.stdout, process.stderr].map(drained));
  await Promise.race([handedOn, delay(LAST_WORDS_MS)]);
  process.exit();
}

/** Resolves once a stream has handed on what was written to it, or cannot any more. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writable) stream.write('', () => resolve());
    else resolve();
  });
}

function faultOf(error: unknown): string {
  if (error instanceof SpanstreamError) return error.message;
  if (endedBySignal() && error instanceof Error && error.name === 'AbortError')
    return 'interrupted';
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}

/** Writes a line to standard error, where everything goes that is not a command's result. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Writes lines to standard output, and what they say as one JSON object after them where it is asked for. */
export function print(lines: readonly string[], value?: object | false): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
  if (value) process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Option parser for a whole number of at least `minimum`, in decimal digits. */
export function wholeNumber(minimum: number, maximum = Number.MAX_SAFE_INTEGER) {
  return (value: string): number => {
    const parsed = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (parsed >= minimum && parsed <= maximum) return parsed;
    const most = maximum === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${maximum}`;
    throw new InvalidArgumentError(`it must be a whole number of at least ${minimum}${most}.`);
  };
}

/** Option parser for a number above 0, in decimal notation. */
export function positiveNumber(value: string): number {
  const parsed = /^\d*\.?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (parsed > 0 && parsed < Number.POSITIVE_INFINITY) return parsed;
  throw new InvalidArgumentError('it must be a number above 0.');
}

/** Option parser for what a contract says of a field. */
export const matching =
  (schema: z.ZodType<string>) =>
  (value: string): string => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`it ${parsed.error.issues[0]?.message}.`);
  };

/** Option parser for models, given once or more: names stay, paths become absolute, since functions run elsewhere. */
export const modelNames = (value: string, others: readonly string[] = []): string[] => [
  ...others,
  /^\.|[\\/]/.test(value) ? resolve(value) : value,
];

/** Option parser for a folder that is there. */
export const existingFolder = (path: string): string => existing(path, 'folder');

/** Option parser for a file, or a pipe, that is there. */
export const existingFile = (path: string): string => existing(path, 'file');

function existing(path: string, kind: 'folder' | 'file'): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new InvalidArgumentError(`there is no such ${kind}.`);
  if (stats.isDirectory() !== (kind === 'folder'))
    throw new InvalidArgumentError(`it is no ${kind}.`);
  return path;
}

/** Seconds since a moment that `performance.now` gave, to the millisecond. */
export const secondsSince = (began: number): number =>
  Math.round(performance.now() - began) / 1_000;
