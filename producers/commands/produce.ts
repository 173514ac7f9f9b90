import { closeSync, openSync, writeSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Argument, Option } from 'commander';
import { interruptible } from '#shared/cli/interrupt.ts';
import { createProgress } from '#shared/cli/progress.ts';
import {
  callOf,
  createCommand,
  matching,
  print,
  runCommand,
  say,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { findTarget, type Target } from '#shared/cli/target.ts';
import { sourceSchema, type TextRecordInput } from '#shared/contracts/text-record.ts';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import { resourceNames } from '#shared/names.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import { createKinesisClient } from '../kinesis-client.ts';
import { createProducer, createProducerOn, type Producer } from '../producer.ts';
import { type Input, openInput } from './input-lines.ts';
import { createRecordSource, type RecordFlags } from './record-source.ts';

const defaultFile = fileURLToPath(new URL('../../fixtures/texts/records.jsonl', import.meta.url));
/** Most bad lines, and most stranded records, that are named one by one. */
const MOST_NAMED = 10;

interface Flags extends RecordFlags {
  rate?: number;
  stream?: string;
  target: Target;
  stranded?: string;
  json?: true;
}

async function produce(file: string, flags: Flags): Promise<void> {
  const began = performance.now();
  const counts = await interruptible(async (signal) => {
    const input = await openInput(file, signal);
    try {
      return await send(input, flags, signal);
    } finally {
      input.close();
    }
  });
  const seconds = Number(((performance.now() - began) / 1_000).toFixed(3));
  const { read, put, retried, stranded, bytes } = counts;
  say(
    `read ${read}, put ${put}, retried ${retried}, stranded ${stranded}; ${bytes} bytes in ${seconds} s`,
  );
  if (flags.json) print([], { ...counts, seconds });
}

async function send(input: Input, flags: Flags, signal: AbortSignal) {
  const { producer, label, close } = await openStream(flags);
  const { size } = input;
  const kilobytes = (bytes: number) => Math.ceil(bytes / 1_000);
  const total = size === undefined ? undefined : kilobytes(size * flags.loop);
  const progress = createProgress({ label, total, unit: total === undefined ? 'records' : 'kB' });
  const strandedFile = openStranded(flags.stranded);
  const bad = createNamed('bad lines', progress.say);
  const stranded = createNamed('stranded records', progress.say);
  const lines = createRecordSource(input, flags, bad.add);
  try {
    const report = await producer.put(lines.records(), {
      signal,
      onProgress: ({ put }) =>
        total === undefined
          ? progress.update(put)
          : progress.update(kilobytes(input.bytesRead()), `put ${put}`),
      onInvalid: ({ record, message }) => lines.onInvalid(record, message),
      onStranded({ record, reason }) {
        stranded.add(`stranded: ${record.id}: ${reason}`);
        strandedFile?.write(record);
      },
    });
    progress.stop();
    bad.finish();
    stranded.finish();
    const read = lines.read();
    const { put, retried, bytes, stopped } = report;
    if (stopped !== undefined) say(`the stream takes nothing: ${stopped}`);
    else if (signal.aborted) say(`interrupted after ${read} records`);
    else if (lines.endedAt() !== undefined) {
      say(`ended at line ${lines.endedAt()}: what is before it was sent (--skip-invalid goes on)`);
    }
    const isWhole = stopped === undefined && lines.endedAt() === undefined;
    if (!isWhole || stranded.count() > 0) process.exitCode = 1;
    if (!flags.dryRun) return { read, put, retried, stranded: stranded.count(), bytes };
    say(`${put} records are valid; --dry-run sends nothing`);
    if (bad.count() > 0) process.exitCode = 1;
    return { read, put: 0, retried: 0, stranded: 0, bytes: 0 };
  } finally {
    progress.stop();
    strandedFile?.close();
    close();
  }
}

/** The producer of a target, or one that takes everything and sends nothing. */
async function openStream(
  flags: Flags,
): Promise<{ producer: Producer; label: string; close: () => void }> {
  if (flags.dryRun) {
    const producer = createProducerOn(async (blobs) => blobs.map(() => undefined));
    return { producer, label: 'check', close() {} };
  }
  const streamName = flags.stream ?? resourceNames(readSettingsFile().environmentName).stream;
  const { endpoints, ...client } = await findTarget(flags.target, ['AWS_ENDPOINT_URL_KINESIS']);
  const kinesis = createKinesisClient({ ...client, endpoint: endpoints.AWS_ENDPOINT_URL_KINESIS });
  return {
    producer: createProducer({ client: kinesis, streamName, ratePerSecond: flags.rate }),
    label: `put to ${streamName}`,
    close: () => kinesis.destroy(),
  };
}

/** Names the first few of many by a line each, and in the end how many more there were. */
function createNamed(what: string, write: (line: string) => void) {
  let count = 0;
  return {
    count: () => count,
    add(line: string): void {
      count += 1;
      if (count <= MOST_NAMED) write(line);
    },
    finish(): void {
      if (count > MOST_NAMED) write(`and ${count - MOST_NAMED} more ${what}`);
    },
  };
}

function openStranded(file: string | undefined) {
  if (file === undefined) return undefined;
  try {
    const descriptor = openSync(file, 'w');
    return {
      write: (record: TextRecordInput) => void writeSync(descriptor, `${JSON.stringify(record)}\n`),
      close: () => closeSync(descriptor),
    };
  } catch (cause) {
    throw new ConfigurationError(`cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
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
  .option('--source <name>', 'source to set on every record', matching(sourceSchema))
  .option('--stream <name>', 'stream (default: that of the settings)')
  .addOption(
    new Option('--target <where>', 'where to send').choices(['local', 'aws']).default('local'),
  )
  .option('--skip-invalid', 'leave bad lines out and send the others')
  .option('--stranded <file>', 'file for the records that were given up, to be produced again')
  .option('--dry-run', 'check every line and send nothing')
  .addHelpText(
    'after',
    `
Lines are read, checked and sent as they come, from a file as from a pipe, and never held in memory. The first bad line
ends the sending: what came before it was sent, and it is named by number and field. --dry-run checks a file beforehand.
Records of one id keep their order; where one is given up, so are the later ones of its id.

--target local finds the stack by AWS_ENDPOINT_URL_KINESIS, else by what the stack wrote to .spanstream/.
--target aws goes where the SDK's own settings say, but never to an address of this machine.

Exit code: 0 all was put, 1 something was not, 2 wrong usage, 130 ended by Ctrl-C.

Examples:
  ${callOf('produce')} tickets.jsonl --source tickets --rate 200
  tail -n +1 -f tickets.jsonl | ${callOf('produce')} - --skip-invalid
  ${callOf('produce')} tickets.jsonl --dry-run --json`,
  )
  .action(produce);

await runCommand(command);
