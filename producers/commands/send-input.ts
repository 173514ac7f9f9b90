import { createProgress } from '#shared/cli/progress.ts';
import type { Target } from '#shared/cli/target-endpoints.ts';
import { resourceNames } from '#shared/names.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import { createKinesisClient } from '../kinesis-client.ts';
import { createProducer, type Producer } from '../producer.ts';
import { createBadLines } from './check-input.ts';
import type { Input } from './open-input.ts';
import { recordsToSend, type Sent } from './records-to-send.ts';
import { findTarget } from './target.ts';

/** How an input is sent. */
export interface SendFlags {
  rate?: number;
  loop: number;
  source?: string;
  stream?: string;
  target: Target;
  skipInvalid?: true;
}

/** What came of an input. */
export interface Counts {
  read: number;
  put: number;
  retried: number;
  stranded: number;
  bytes: number;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/**
 * Sends an input and says why not all of it was sent, where that is so; exit code 1 then. `total` is how many records it was found to hold, where it was checked
 * before.
 */
export async function sendInput(
  input: Input,
  total: number | undefined,
  flags: SendFlags,
  signal: AbortSignal,
): Promise<Counts> {
  const streamName = flags.stream ?? resourceNames(readSettingsFile().environmentName).stream;
  const { endpoints, ...clientOptions } = await findTarget(flags.target, [
    'AWS_ENDPOINT_URL_KINESIS',
  ]);
  const client = createKinesisClient({
    ...clientOptions,
    endpoint: endpoints.AWS_ENDPOINT_URL_KINESIS,
  });
  const progress = createProgress({ label: `put to ${streamName}`, total, unit: 'records' });
  const bad = createBadLines((line) => progress.say(line));
  const sent: Sent = { lines: 0, stoppedAt: undefined };
  try {
    const options = { ...flags, skipInvalid: flags.skipInvalid === true, bad };
    const producer = createProducer({ client, streamName, ratePerSecond: flags.rate });
    const report = await producer.put(recordsToSend(input, options, sent), {
      signal,
      onProgress: ({ put, stranded }) => progress.update(put + stranded),
    });
    progress.stop();
    bad.finish();
    explain(report, { total, stoppedAt: sent.stoppedAt, interrupted: signal.aborted });
    return { ...report, stranded: report.stranded.length, read: sent.lines * flags.loop };
  } finally {
    progress.stop();
    client.destroy();
  }
}

/** Says why not everything was sent, where that is so. */
function explain(
  report: Awaited<ReturnType<Producer['put']>>,
  ended: { total: number | undefined; stoppedAt: number | undefined; interrupted: boolean },
): void {
  const { put, stranded, stopped } = report;
  for (const { record, reason } of stranded.slice(0, 10)) say(`stranded: ${record.id}: ${reason}`);
  if (stranded.length > 10) say(`and ${stranded.length - 10} more stranded`);
  const { total, stoppedAt, interrupted } = ended;
  const unsent = (total ?? report.read) - put - stranded.length;
  if (stopped !== undefined) say(`the stream refuses every call: ${stopped}`);
  else if (interrupted && total === undefined) say(`interrupted after ${report.read} records`);
  else if (interrupted) say(`interrupted: ${unsent} records were not sent`);
  else if (total !== undefined && unsent > 0) {
    say(`the file changed after it was checked: ${unsent} of its records were not sent`);
  } else if (stoppedAt !== undefined) {
    say(`ended at line ${stoppedAt}: what is before it was sent (--skip-invalid goes on)`);
  }
  const isWhole = stranded.length === 0 && stopped === undefined && stoppedAt === undefined;
  if (!isWhole || (unsent > 0 && !interrupted)) process.exitCode = 1;
}
