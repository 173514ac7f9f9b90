import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Argument, InvalidArgumentError, Option } from 'commander';
import { interruptible } from '#shared/cli/interrupt.ts';
import { createCommand, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { sourceSchema } from '#shared/contracts/text-record.ts';
import { checkInput, createBadLines } from './check-input.ts';
import { type Input, openInput } from './open-input.ts';
import { type Counts, type SendFlags, sendInput } from './send-input.ts';

const defaultFile = fileURLToPath(new URL('../../fixtures/texts/records.jsonl', import.meta.url));

interface Flags extends SendFlags {
  dryRun?: true;
  json?: true;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const nothing = { put: 0, retried: 0, stranded: 0, bytes: 0 };

async function produce(file: string, flags: Flags): Promise<void> {
  const began = performance.now();
  const { read, put, retried, stranded, bytes } = await interruptible(async (signal) => {
    const input = await openInput(file, signal);
    try {
      return await produceFrom(input, flags, signal);
    } finally {
      await input.close();
    }
  });
  const seconds = Number(((performance.now() - began) / 1_000).toFixed(3));
  say(
    `read ${read}, put ${put}, retried ${retried}, stranded ${stranded}; ${bytes} bytes in ${seconds} s`,
  );
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ read, put, retried, stranded, bytes, seconds })}\n`);
  }
}

async function produceFrom(input: Input, flags: Flags, signal: AbortSignal): Promise<Counts> {
  if (!input.repeatable && !flags.dryRun) return sendInput(input, undefined, flags, signal);
  const bad = createBadLines(say);
  const { good } = await checkInput(input, flags, bad);
  const counts = { ...nothing, read: (good + bad.count) * flags.loop };
  if (signal.aborted) {
    say(`interrupted: ${good + bad.count} lines were checked; nothing was sent`);
    return counts;
  }
  if (bad.count > 0 && !flags.skipInvalid) {
    say(`${bad.count} bad lines: nothing was sent (--skip-invalid sends the others)`);
    process.exitCode = 1;
    return counts;
  }
  if (flags.dryRun) {
    say(`${good * flags.loop} records are valid; --dry-run sends nothing`);
    return counts;
  }
  return { ...(await sendInput(input, good * flags.loop, flags, signal)), read: counts.read };
}

function source(name: string): string {
  const parsed = sourceSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`it ${parsed.error.issues[0]?.message}.`);
}

const command = createCommand('produce', 'Puts JSON Lines of text records on the stream.')
  .addArgument(
    new Argument('[file]', 'file of JSON Lines, or - for standard input').default(
      defaultFile,
      relative(process.cwd(), defaultFile),
    ),
  )
  .option(
    '--rate <n>',
    'most records a second (default: as fast as the stream takes them)',
    wholeNumber(1),
  )
  .option(
    '--loop <n>',
    'send every record so many times, with an id of its own each',
    wholeNumber(1),
    1,
  )
  .option('--source <name>', 'source to set on every record', source)
  .option('--stream <name>', 'stream (default: that of the settings)')
  .addOption(
    new Option('--target <where>', 'where to send').choices(['local', 'aws']).default('local'),
  )
  .option('--skip-invalid', 'leave bad lines out and send the others')
  .option('--dry-run', 'check every line and send nothing')
  .addHelpText(
    'after',
    `
A file is checked whole before anything of it is sent: one bad line, and nothing is. Standard input, or a pipe, is
checked line by line as it comes: the first bad line ends the sending, and what came before it was sent. Bad lines are
named by number and field. Neither is ever held in memory.

--target local finds the stack by AWS_ENDPOINT_URL_KINESIS, else by what npm start wrote to .spanstream/.
--target aws goes where the SDK's own settings say, but never to an address of this machine.

Exit code: 0 all was put, 1 something was not, 2 wrong usage, 130 ended by Ctrl-C.

Examples:
  npm run produce
  npm run produce -- tickets.jsonl --source tickets --rate 200
  tail -n +1 -f tickets.jsonl | npm run --silent produce -- - --skip-invalid
  npm run produce -- tickets.jsonl --dry-run --json`,
  )
  .action(produce);

await runCommand(command);
