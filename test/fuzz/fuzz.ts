import { Option } from 'commander';
import { startCloudWatch } from '#local/services/cloudwatch/index.ts';
import { startDynamoDb } from '#local/services/dynamodb/index.ts';
import { startKinesis } from '#local/services/kinesis/index.ts';
import { startS3 } from '#local/services/s3/index.ts';
import { interruptible, untilInterrupted } from '#shared/cli/interrupt.ts';
import { createProgress } from '#shared/cli/progress.ts';
import { createCommand, print, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { mutateCalls } from './mutate-calls.ts';
import { runFuzz } from './run-fuzz.ts';
import { runTimeFuzz, type TimeReport } from './time.ts';

interface Flags {
  mode: 'inputs' | 'time' | 'calls';
  time?: true;
  count: number;
  seed: number;
  only?: string;
  json?: true;
}

async function fuzz(flags: Flags, signal: AbortSignal): Promise<void> {
  const mode = flags.time ? 'time' : flags.mode;
  const progress = createProgress({ label: `fuzz ${mode}`, total: flags.count, unit: mode });
  try {
    if (mode === 'inputs') {
      const { count, seed } = flags;
      const report = await runFuzz({ count, seed, signal, onProgress: progress.update });
      print(flags.json ? [] : [JSON.stringify(report, null, 2)], flags.json && report);
    } else if (mode === 'calls') {
      const report = await mutate(flags, signal, progress.update);
      print(flags.json ? [] : [JSON.stringify(report, null, 2)], flags.json && report);
      if (report.internalFailures.length > 0) process.exitCode = 1;
    } else await time(flags, signal);
  } finally {
    progress.stop();
  }
}

async function time(flags: Flags, signal: AbortSignal): Promise<void> {
  let progress: ReturnType<typeof createProgress> | undefined;
  const report = await runTimeFuzz({
    ...(flags.only !== undefined && { only: new RegExp(flags.only.replace(/\W/g, '\\$&')) }),
    signal,
    onProgress(done, total) {
      progress ??= createProgress({ label: 'fuzz time', total, unit: 'checks' });
      progress.update(done);
    },
  });
  progress?.stop();
  print(table(report), flags.json && report);
  if (report.beyond.length > 0) process.exitCode = 1;
}

function table({ checks, beyond, steepest }: TimeReport): string[] {
  const row = ({ work, shape, power }: TimeReport['steepest'][number]) =>
    `  ${work.padEnd(32)} ${power.toFixed(2).padStart(6)}  ${shape}`;
  return [
    'Time grows with this power of the size, at most (1 is linear), for texts of:',
    ...steepest.map(row),
    `${checks} checks, ${beyond.length} of them not linear`,
    ...beyond.map(row),
  ];
}

async function mutate(flags: Flags, signal: AbortSignal, onProgress: (done: number) => void) {
  const [kinesis, dynamodb, cloudwatch, s3] = await Promise.all([
    startKinesis(),
    startDynamoDb(),
    startCloudWatch(),
    startS3(),
  ]);
  const services = { kinesis, dynamodb, cloudwatch, s3 };
  try {
    const endpoints = {
      kinesis: kinesis.endpoint,
      dynamodb: dynamodb.endpoint,
      cloudwatch: cloudwatch.endpoint,
      s3: s3.endpoint,
    };
    const { count, seed } = flags;
    const work = mutateCalls({ seed, count, endpoints, onProgress });
    return await untilInterrupted(work, signal, () => 'the calls were not finished');
  } finally {
    await Promise.all(Object.values(services).map((service) => service.close()));
  }
}

const command = createCommand(
  'fuzz',
  'Feeds malformed and odd input to everything that reads input',
)
  .addOption(
    new Option('--mode <what>', 'inputs: records and requests; time; calls: of the local services')
      .choices(['inputs', 'time', 'calls'])
      .default('inputs'),
  )
  .option('--time', 'the same as --mode time')
  .option('--count <n>', 'how many inputs, or calls', wholeNumber(1), 5_000)
  .option('--seed <n>', 'the same inputs for the same seed', wholeNumber(0), 1)
  .option('--only <name>', 'what to measure, by a part of its name, such as http (time)')
  .addHelpText(
    'after',
    `
inputs  records and requests to the producer and the consumers: each must be settled or answered as it should be
time    texts of two sizes and of every shape to every parser and task: the time must grow with the size, no faster
calls   changed calls of every operation of every local service: each must be answered, and none may end a service`,
  )
  .action((flags: Flags) => interruptible((signal) => fuzz(flags, signal)));

await runCommand(command);
