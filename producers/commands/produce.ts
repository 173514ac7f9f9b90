import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { S3Client } from '@aws-sdk/client-s3';
import { Argument, Option } from 'commander';
import { createFirstFew } from '#shared/cli/first-few.ts';
import { interruptible } from '#shared/cli/interrupt.ts';
import { createProgress } from '#shared/cli/progress.ts';
import {
  callOf,
  createCommand,
  matching,
  print,
  runCommand,
  say,
  secondsSince,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { openStateFile } from '#shared/cli/state-file.ts';
import { findTarget, type Target } from '#shared/cli/target.ts';
import { sourceSchema } from '#shared/contracts/text-record.ts';
import { ConfigurationError } from '#shared/errors.ts';
import { resourceNames } from '#shared/names.ts';
import { type RecordFormat, recordFormats } from '#shared/record-files/format.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import { createKinesisClient } from '../kinesis-client.ts';
import { createProducer, createProducerOn, type Producer } from '../producer.ts';
import { type Input, openInputs } from './inputs.ts';
import { createRecordSource, type RecordFlags, sourceStateSchema } from './record-source.ts';
import { openStranded } from './stranded-file.ts';

const defaultFile = fileURLToPath(new URL('../../fixtures/texts/records.jsonl', import.meta.url));
/** Inputs that a state file names one by one. */
const MOST_NAMED = 10;

interface Flags extends RecordFlags {
  readonly rate?: number;
  readonly stream?: string;
  readonly target: Target;
  readonly format?: RecordFormat;
  readonly stranded?: string;
  readonly resume?: true;
  readonly state: string;
  readonly json?: true;
}

async function produce(files: readonly string[], flags: Flags): Promise<void> {
  const began = performance.now();
  const counts = await interruptible(async (signal) => {
    const inputs = await openAll(files.length === 0 ? [defaultFile] : files, flags, signal);
    try {
      return await send(inputs.opened, flags, signal);
    } finally {
      for (const input of inputs.opened) input.close();
      inputs.close();
    }
  });
  const seconds = secondsSince(began);
  const { read, put, retried, stranded, bytes } = counts;
  say(
    `read ${read}, put ${put}, retried ${retried}, stranded ${stranded}; ${bytes} bytes in ${seconds} s`,
  );
  if (flags.json) print([], { ...counts, seconds });
}

async function openAll(files: readonly string[], { format, target }: Flags, signal: AbortSignal) {
  let client: S3Client | undefined;
  const openObjects = async (url: string) => {
    // Nobody else waits for what S3 needs.
    const objects = await import('./objects.ts');
    const address = objects.parseObjectUrl(url);
    client ??= objects.createS3Client(await findTarget(target, ['AWS_ENDPOINT_URL_S3']));
    return objects.openObjects(address, client, { format, say });
  };
  const close = () => client?.destroy();
  try {
    return { opened: await openInputs(files, { format, signal, openObjects }), close };
  } catch (error) {
    close();
    throw error;
  }
}

async function send(inputs: readonly Input[], flags: Flags, signal: AbortSignal) {
  const { producer, streamName, close } = await openStream(flags);
  const state = flags.resume && openState(inputs, flags, streamName);
  const bytes = inputs.reduce((sum, { size = Number.NaN }) => sum + size, 0) * flags.loop;
  const kilobytes = (count: number) => Math.ceil(count / 1_000);
  const total = Number.isNaN(bytes) ? undefined : kilobytes(bytes);
  const label = flags.dryRun ? 'check' : `put to ${streamName}`;
  const progress = createProgress({ label, total, unit: total === undefined ? 'records' : 'kB' });
  const strandedFile = openStranded(flags.stranded);
  const bad = createFirstFew('bad lines', progress.say);
  const stranded = createFirstFew('stranded records', progress.say);
  const source = createRecordSource(inputs, flags, bad.add, state?.state);
  const keepPlace = () => state?.save(source.state());
  try {
    if (state?.state) progress.say(`goes on where ${flags.state} says`);
    keepPlace();
    const report = await producer.put(source.records(), {
      signal,
      onPut: source.onPut,
      onProgress({ put }) {
        keepPlace();
        if (total === undefined) progress.update(put);
        else progress.update(kilobytes(source.bytesRead()), `put ${put}`);
      },
      onInvalid: ({ record, message }) => source.onInvalid(record, message),
      onStranded({ record, reason }) {
        stranded.add(`stranded: ${record.id}: ${reason}`);
        strandedFile?.write(record);
      },
    });
    progress.stop();
    bad.finish();
    stranded.finish();
    const read = source.read();
    const { put, retried, bytes, stopped } = report;
    if (stopped !== undefined) say(`the stream takes nothing: ${stopped}`);
    else if (signal.aborted) say(`interrupted after ${read} records`);
    else if (source.endedAt() !== undefined) {
      say(`ended at ${source.endedAt()}: what is before it was sent (--skip-invalid goes on)`);
    }
    const isWhole = stopped === undefined && source.endedAt() === undefined;
    if (!isWhole || stranded.count() > 0) process.exitCode = 1;
    if (isWhole && stranded.count() === 0 && !signal.aborted) state?.remove();
    else if (state) {
      keepPlace();
      say('the same command goes on from there');
    }
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

/**
 * The file that keeps where a run stands.
 *
 * @throws {ConfigurationError} where it is of other inputs, or one of these can be read only once
 */
function openState(inputs: readonly Input[], flags: Flags, stream: string) {
  const { target, source = null, format = null, loop } = flags;
  const once = inputs.find(({ version }) => version === undefined);
  if (once) {
    throw new ConfigurationError(
      `--resume needs what can be read again, and ${once.name} cannot be`,
    );
  }
  const named = inputs.map(({ name, size = 0, version = '' }) => ({ name, size, version }));
  // The file is written after every call, so that of thousands of inputs it holds a hash.
  const hash = createHash('sha256').update(JSON.stringify(named)).digest('hex');
  const job = { target, stream, source, format, loop, inputs: named.slice(0, MOST_NAMED), hash };
  return openStateFile(flags.state, 'produce', job, sourceStateSchema);
}

/** The producer of a target, or one that takes everything and sends nothing. */
async function openStream(
  flags: Flags,
): Promise<{ producer: Producer; streamName: string; close: () => void }> {
  if (flags.dryRun) {
    const producer = createProducerOn(async (blobs) => blobs.map(() => undefined));
    return { producer, streamName: '', close() {} };
  }
  const streamName = flags.stream ?? resourceNames(readSettingsFile().environmentName).stream;
  const { endpoints, ...client } = await findTarget(flags.target, ['AWS_ENDPOINT_URL_KINESIS']);
  const kinesis = createKinesisClient({ ...client, endpoint: endpoints.AWS_ENDPOINT_URL_KINESIS });
  return {
    producer: createProducer({ client: kinesis, streamName, ratePerSecond: flags.rate }),
    streamName,
    close: () => kinesis.destroy(),
  };
}

const command = createCommand('produce', 'Puts the records of files on the stream.')
  .addArgument(
    new Argument(
      '[files...]',
      'files, patterns such as "texts/*.csv.gz", s3://bucket/prefix, or - for standard input',
    ).default([], relative(process.cwd(), defaultFile)),
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
  .addOption(
    new Option('--format <format>', 'what the files are, whatever they are called').choices([
      ...recordFormats,
    ]),
  )
  .option('--stream <name>', 'stream (default: that of the settings)')
  .addOption(
    new Option('--target <where>', 'where to send').choices(['local', 'aws']).default('local'),
  )
  .option('--skip-invalid', 'leave bad lines out and send the others')
  .option('--stranded <file>', 'file for the records that were given up, to be produced again')
  .option('--resume', 'keep the place, and go on where a run of the same files was ended')
  .option('--state <file>', 'where --resume keeps it', '.spanstream-produce.json')
  .addOption(new Option('--dry-run', 'check every line and send nothing').conflicts(['resume']))
  .addHelpText(
    'after',
    `
Formats are told by names, also before .gz: JSON Lines (.jsonl, .ndjson, and whatever else is not told), .csv and .tsv with
columns named as a record's fields (text is needed; other columns are attributes), and .txt or .md with one text each. A
record without an id gets one of its file's name and its line; a text that fits no record is cut at sentences.

Lines are read, checked and sent as they come, from a file as from a pipe, and never held in memory. The first bad line
ends the sending: what came before it was sent, and it is named by number and field. --dry-run checks files beforehand.
Records of one id keep their order; where one is given up, so are the later ones of its id.

--resume writes down what is on the stream after each call. Killed at any moment and started again with the same files, the
command sends what is not there yet; only the call that was under way may be there twice, which changes no result. The file
is removed in the end.

--target local finds the stack by AWS_ENDPOINT_URL_KINESIS (and AWS_ENDPOINT_URL_S3), else by what the stack wrote to
.spanstream/. --target aws goes where the SDK's own settings say, but never to an address of this machine.

Exit code: 0 all was put, 1 something was not, 2 wrong usage, 130 ended by Ctrl-C.

Examples:
  ${callOf('produce')} tickets.jsonl --source tickets --rate 200
  ${callOf('produce')} "archive/*.jsonl.gz" reviews.csv --resume
  ${callOf('produce')} s3://texts/2026/ --target aws --resume
  tail -n +1 -f tickets.jsonl | ${callOf('produce')} - --skip-invalid
  ${callOf('produce')} tickets.jsonl --dry-run --json`,
  )
  .action(produce);

await runCommand(command);
