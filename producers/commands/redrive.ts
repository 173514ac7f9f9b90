import { Option } from 'commander';
import { createFirstFew } from '#shared/cli/first-few.ts';
import { interruptible } from '#shared/cli/interrupt.ts';
import { createProgress } from '#shared/cli/progress.ts';
import {
  callOf,
  createCommand,
  print,
  runCommand,
  say,
  secondsSince,
} from '#shared/cli/run-command.ts';
import { findTarget, type Target } from '#shared/cli/target.ts';
import { timeSpan } from '#shared/cli/time-span.ts';
import { type FailureReason, failureReasons } from '#shared/contracts/rejection.ts';
import { createFailuresBucket, findFailuresBucket } from '#shared/dead-letters/read.ts';
import {
  choose,
  type RedriveReport,
  redrive,
  type SurveyedFailure,
  survey,
} from '#shared/dead-letters/redrive.ts';
import { resourceNames } from '#shared/names.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import { createKinesisClient } from '../kinesis-client.ts';
import { createProducer } from '../producer.ts';
import { failuresTable } from './failures-table.ts';
import { createS3Client } from './objects.ts';

interface Flags {
  reason?: FailureReason;
  olderThan?: number;
  target: Target;
  bucket?: string;
  stream?: string;
  retryUncertain?: true;
  dryRun?: true;
  json?: true;
}

function sayFirst(what: string, lines: readonly string[]): void {
  const named = createFirstFew(what, say);
  lines.forEach(named.add);
  named.finish();
}

function plan(chosen: readonly SurveyedFailure[], retryUncertain: boolean): RedriveReport {
  const count = (state: SurveyedFailure['state']) =>
    chosen.filter((failure) => failure.state === state);
  if (chosen.length > 0)
    say(
      `${count('waiting').length + (retryUncertain ? count('uncertain').length : 0)} objects would be sent; --dry-run sends nothing`,
    );
  return {
    redriven: 0,
    skipped: count('redriven').length,
    uncertain: count('uncertain').map(({ key }) => key),
    failed: [],
  };
}

const run = (flags: Flags): Promise<void> => interruptible((signal) => redriveAll(flags, signal));

async function redriveAll(flags: Flags, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const names = resourceNames(readSettingsFile().environmentName);
  const clients = await findTarget(flags.target, [
    'AWS_ENDPOINT_URL_KINESIS',
    'AWS_ENDPOINT_URL_S3',
  ]);
  const { endpoints, ...clientOptions } = clients;
  const s3 = createS3Client(clients);
  const kinesis = createKinesisClient({
    ...clientOptions,
    endpoint: endpoints.AWS_ENDPOINT_URL_KINESIS,
  });
  try {
    const bucket =
      flags.bucket ??
      (flags.target === 'local'
        ? names.failuresBucket
        : await findFailuresBucket(s3, names.failuresBucket, await s3.config.region()));
    const failures = createFailuresBucket(s3, bucket);
    const now = Date.now();
    const chosen = choose(await survey(failures, signal), {
      reason: flags.reason,
      olderThanMs: flags.olderThan,
      now,
    });
    if (chosen.length > 0) for (const line of failuresTable(chosen, now)) say(line);
    else say(`nothing to redrive in ${bucket}`);
    const report =
      flags.dryRun || chosen.length === 0
        ? plan(chosen, flags.retryUncertain === true)
        : await send();
    finish(chosen.length, report);

    async function send(): Promise<RedriveReport> {
      const streamName = flags.stream ?? names.stream;
      const producer = createProducer({ client: kinesis, streamName });
      const progress = createProgress({
        label: `redrive to ${streamName}`,
        total: chosen.length,
        unit: 'objects',
      });
      try {
        return await redrive(
          chosen,
          { ...failures, send: (blobs) => producer.putBlobs(blobs) },
          {
            retryUncertain: flags.retryUncertain,
            signal,
            onProgress: (settled) => progress.update(settled),
          },
        );
      } finally {
        progress.stop();
      }
    }
  } finally {
    s3.destroy();
    kinesis.destroy();
  }

  function finish(found: number, report: RedriveReport): void {
    const { redriven, skipped } = report;
    const uncertain = report.uncertain.length;
    const failed = report.failed.length;
    sayFirst(
      'failed objects',
      report.failed.map(({ key, reason }) => `failed: ${key}: ${reason}`),
    );
    sayFirst(
      'uncertain objects',
      report.uncertain.map((key) => `uncertain: ${key}`),
    );
    if (uncertain > 0) {
      say(
        'uncertain: claimed by a run that ended, or is still at work, before it marked them sent. --retry-uncertain sends them again: results are keyed by content, so one that arrives twice is stored once',
      );
    }
    const left = found - redriven - skipped - uncertain - failed;
    if (signal.aborted) say(`interrupted: ${left} objects were not touched`);
    if (failed > 0) process.exitCode = 1;
    const seconds = secondsSince(began);
    say(
      `found ${found}, redriven ${redriven}, skipped ${skipped}, uncertain ${uncertain}, failed ${failed} in ${seconds} s`,
    );
    if (flags.json) {
      print([], { found, redriven, skipped, uncertain, failed, seconds });
    }
  }
}

const command = createCommand(
  'redrive',
  'Sends what was parked in the failures bucket back through the stream.',
)
  .addOption(
    new Option('--reason <reason>', 'only what has this reason').choices([...failureReasons]),
  )
  .option(
    '--older-than <span>',
    'only what was parked so long ago, such as 90s, 30m, 2h or 7d',
    timeSpan,
  )
  .addOption(
    new Option('--target <where>', 'where to work').choices(['local', 'aws']).default('local'),
  )
  .option('--bucket <name>', 'failures bucket (default: that of the settings)')
  .option('--stream <name>', 'stream (default: that of the settings)')
  .option(
    '--retry-uncertain',
    'send again what a run claimed but did not mark as sent; it may arrive twice',
  )
  .option('--dry-run', 'show what is there and send nothing')
  .addHelpText(
    'after',
    `
Each object is sent once: what was sent is marked so in the bucket, and nothing is deleted.

--target local finds the stack by AWS_ENDPOINT_URL_KINESIS and AWS_ENDPOINT_URL_S3, else by what the stack wrote to
.spanstream/. --target aws goes where the SDK's own settings say, but never to an address of this machine.

Exit code: 0 all was sent, 1 something was not, 2 wrong usage, 130 ended by Ctrl-C.

Examples:
  ${callOf('redrive')} --dry-run
  ${callOf('redrive')} --reason inference-failed --older-than 1h`,
  )
  .action(run);

await runCommand(command);
