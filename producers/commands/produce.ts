import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import { createProgress } from '#shared/cli/progress.ts';
import { createCommand, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { resourceNames } from '#shared/names.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import { createKinesisClient } from '../kinesis-client.ts';
import { createProducer } from '../producer.ts';
import { type BadLine, linesOf, loop, readRecords } from './read-lines.ts';
import { findTarget, type Target } from './target.ts';

const defaultFile = fileURLToPath(new URL('../../fixtures/texts/records.jsonl', import.meta.url));

interface Flags {
  rate?: number;
  loop: number;
  source?: string;
  stream?: string;
  target: Target;
  skipInvalid?: true;
  dryRun?: true;
  json?: true;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function nameBadLines(bad: readonly BadLine[]): void {
  for (const { line, message } of bad.slice(0, 10)) say(`line ${line}: ${message}`);
  if (bad.length > 10) say(`and ${bad.length - 10} more`);
}

async function produce(file: string, flags: Flags): Promise<void> {
  const began = performance.now();
  const { records, bad } = await readRecords(linesOf(file), flags.source);
  nameBadLines(bad);
  const total = records.length * flags.loop;
  const read = (records.length + bad.length) * flags.loop;
  const finish = (counts: { put: number; retried: number; stranded: number; bytes: number }) => {
    const seconds = Number(((performance.now() - began) / 1_000).toFixed(3));
    const { put, retried, stranded, bytes } = counts;
    say(
      `read ${read}, put ${put}, retried ${retried}, stranded ${stranded}; ${bytes} bytes in ${seconds} s`,
    );
    if (flags.json) {
      process.stdout.write(`${JSON.stringify({ read, put, retried, stranded, bytes, seconds })}\n`);
    }
  };
  const nothing = { put: 0, retried: 0, stranded: 0, bytes: 0 };
  if (bad.length > 0 && !flags.skipInvalid) {
    say(`${bad.length} bad lines: nothing was sent (--skip-invalid sends the others)`);
    process.exitCode = 1;
    return finish(nothing);
  }
  if (flags.dryRun) {
    say(`${total} records are valid; --dry-run sends nothing`);
    return finish(nothing);
  }
  const streamName = flags.stream ?? resourceNames(readSettingsFile().environmentName).stream;
  const { endpoints, ...clientOptions } = await findTarget(flags.target, [
    'AWS_ENDPOINT_URL_KINESIS',
  ]);
  const client = createKinesisClient({
    ...clientOptions,
    endpoint: endpoints.AWS_ENDPOINT_URL_KINESIS,
  });
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  const progress = createProgress({ label: `put to ${streamName}`, total, unit: 'records' });
  try {
    const producer = createProducer({ client, streamName, ratePerSecond: flags.rate });
    const report = await producer.put(loop(records, flags.loop), {
      signal: interrupt.signal,
      onProgress: ({ put, stranded }) => progress.update(put + stranded),
    });
    progress.stop();
    for (const { record, reason } of report.stranded.slice(0, 10)) {
      say(`stranded: ${record.id}: ${reason}`);
    }
    const unsent = total - report.put - report.stranded.length;
    if (report.stopped !== undefined) say(`the stream refuses every call: ${report.stopped}`);
    else if (unsent > 0) say(`interrupted: ${unsent} records were not sent`);
    if (report.stranded.length > 0 || report.stopped !== undefined) process.exitCode = 1;
    finish({ ...report, stranded: report.stranded.length });
  } finally {
    progress.stop();
    process.removeListener('SIGINT', onInterrupt);
    client.destroy();
  }
}

const command = createCommand('produce', 'Puts JSON Lines of text records on the stream.')
  .argument('[file]', 'file of JSON Lines, or - for standard input', defaultFile)
  .option('--rate <n>', 'most records a second', wholeNumber(1))
  .option(
    '--loop <n>',
    'send everything so many times, with ids of its own each',
    wholeNumber(1),
    1,
  )
  .option('--source <name>', 'source to set on every record')
  .option('--stream <name>', 'stream; by default that of the settings')
  .addOption(
    new Option('--target <where>', 'where to send').choices(['local', 'aws']).default('local'),
  )
  .option('--skip-invalid', 'send the valid lines although others are bad')
  .option('--dry-run', 'check every line and send nothing')
  .action(produce);

await runCommand(command);
