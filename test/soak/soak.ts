import { InvalidArgumentError } from 'commander';
import { createCommand, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { readTexts } from '#test/chaos/read-texts.ts';
import { rule } from './judge.ts';
import { failuresOf, print, summary } from './print.ts';
import { runSoak } from './run-soak.ts';

interface Flags {
  minutes: number;
  rate: number;
  seed: number;
  models?: string;
  json?: boolean;
}

function minutes(value: string): number {
  const parsed = Number(value);
  if (!(parsed > 0 && parsed < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError('it must be a number above 0.');
  }
  return parsed;
}

async function soak(flags: Flags): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = () => {
    process.stderr.write('\nending; what is on the stream is finished first\n');
    interrupt.abort();
  };
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  const outcome = await runSoak({
    seconds: flags.minutes * 60,
    rate: flags.rate,
    seed: flags.seed,
    texts: await readTexts(),
    signal: interrupt.signal,
    ...(flags.models === undefined ? {} : { modelsDirectory: flags.models }),
  });
  print(outcome);
  if (flags.json === true) process.stdout.write(`${JSON.stringify(summary(outcome))}\n`);
  if (failuresOf(outcome).length > 0) process.exitCode = 1;
}

const command = createCommand(
  'soak',
  'Keeps the local stack under a steady load and watches its memory and its lag',
)
  .option('--minutes <n>', 'how long records are put', minutes, 60)
  .option('--rate <n>', 'records a second', wholeNumber(1), 20)
  .option('--seed <n>', 'seed of the texts', wholeNumber(0), 1)
  .option('--models <dir>', 'models to run (default: the bundled ones)')
  .addHelpText('after', `\n${rule}\nCtrl-C ends it early, with a report of what was seen so far.`)
  .action(soak);

await runCommand(command);
