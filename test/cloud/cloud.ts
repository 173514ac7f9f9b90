import { once } from 'node:events';
import { InterruptedError, interruptible } from '#shared/cli/interrupt.ts';
import { createCommand, print, runCommand, say, wholeNumber } from '#shared/cli/run-command.ts';
import { showBooks } from '../../scripts/demo/show.ts';
import { type EmulatedCloud, startEmulatedCloud } from './emulated-cloud.ts';
import { readCloudInput, runCloud } from './run-cloud.ts';

/** As many as `npm run produce` reads by default, and the poison fixtures. */
const RECORDS = 2_234;
/** The records of the poison fixtures, and a text. */
const FEWEST_RECORDS = 14;

interface Flags {
  readonly records: number;
  readonly keep?: boolean;
  readonly json?: boolean;
}

/** Whether the books balance. */
async function run({ records, keep, json }: Flags, signal: AbortSignal): Promise<boolean> {
  const started = Date.now();
  const input = await readCloudInput(records);
  say('Starting MiniStack, which is installed the first time');
  const cloud = await startEmulatedCloud({ signal, say });
  try {
    const report = await runCloud(cloud, input, signal);
    showBooks(input, report);
    const { results, rejections, lost, duplicated, metricsEqual } = report;
    const balanced = lost === 0 && duplicated === 0 && metricsEqual;
    if (!keep) await cloud.destroy();
    print(
      [balanced ? '\nThe books balance.' : '\nThe books do NOT balance.'],
      json && {
        deployed: cloud.stacks,
        produced: input.good + input.poison,
        results: results.length,
        rejected: rejections,
        ...{ lost, duplicated },
        metrics: Object.fromEntries(
          Object.entries(report.metrics).map(([name, { published }]) => [name, published]),
        ),
        metricsEqual,
        seconds: Math.round((Date.now() - started) / 100) / 10,
      },
    );
    if (keep && !signal.aborted) await keepUntilInterrupted(cloud, signal);
    return balanced;
  } finally {
    await cloud.close();
  }
}

async function keepUntilInterrupted(cloud: EmulatedCloud, signal: AbortSignal): Promise<void> {
  const { names, api, variables } = cloud;
  const lines = [
    '',
    'The stacks stay until Ctrl-C.',
    '',
    `  text stream     ${names.stream}`,
    `  results table   ${names.resultsTable}`,
    `  failures bucket ${names.failuresBucket}`,
    `  intake bucket   ${names.intakeBucket}`,
    `  HTTP            ${api.url}/v1/health, with the header x-api-key: ${api.key}`,
    '',
    'For the AWS CLI, any SDK, and the commands of this project with `--target local`:',
    '',
    ...Object.entries(variables).map(([name, value]) => `  export ${name}=${value}`),
    '',
    'Ctrl-C ends it, with all that it holds; another run has an emulator of its own.',
  ];
  for (const line of lines) say(line);
  await once(signal, 'abort');
}

async function cloud(flags: Flags): Promise<void> {
  const balanced = await interruptible((signal) =>
    run(flags, signal).catch((error: unknown) => {
      throw signal.aborted ? new InterruptedError('the books were not balanced') : error;
    }),
  );
  // Ctrl-C is how one that was kept is meant to end.
  process.exitCode = balanced ? 0 : 1;
}

await runCommand(
  createCommand(
    'cloud',
    'Deploys all stacks on MiniStack, an emulator of AWS, puts records through and checks the books',
  )
    .option(
      '--records <n>',
      'records to put, the 13 of the poison fixtures among them',
      wholeNumber(FEWEST_RECORDS),
      RECORDS,
    )
    .option('--keep', 'leave it running until Ctrl-C, and say where it is')
    .addHelpText(
      'after',
      `
Needs Python 3.10 or newer. MiniStack comes from PyPI into a virtual environment of its own, in the cache folder of your user.
It listens on 127.0.0.1 alone, on a free port, and knows nothing of any AWS account of yours.

Exit code: 0 the books balance, 1 they do not or a step failed, 2 wrong usage, 130 ended by Ctrl-C before that.`,
    )
    .action(cloud),
);
