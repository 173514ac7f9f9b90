import { interruptible } from '#shared/cli/interrupt.ts';
import {
  createCommand,
  existingFolder,
  positiveNumber,
  runCommand,
  say,
  wholeNumber,
} from '#shared/cli/run-command.ts';
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

async function soak(flags: Flags, signal: AbortSignal): Promise<number> {
  const ending = () => say('ending; what is on the stream is finished first');
  signal.addEventListener('abort', ending, { once: true });
  const outcome = await runSoak({
    seconds: flags.minutes * 60,
    rate: flags.rate,
    seed: flags.seed,
    texts: await readTexts(),
    signal,
    ...(flags.models === undefined ? {} : { modelsDirectory: flags.models }),
  });
  print(outcome);
  if (flags.json === true) process.stdout.write(`${JSON.stringify(summary(outcome))}\n`);
  return failuresOf(outcome).length;
}

const command = createCommand(
  'soak',
  'Keeps the local stack under a steady load and watches its memory and its lag',
)
  .option('--minutes <n>', 'how long records are put', positiveNumber, 60)
  .option('--rate <n>', 'records a second', wholeNumber(1), 20)
  .option('--seed <n>', 'seed of the texts', wholeNumber(0), 1)
  .option('--models <dir>', 'models to run (default: the bundled ones)', existingFolder)
  .addHelpText('after', `\n${rule}\nCtrl-C ends it early, with a report of what was seen so far.`)
  .action(async (flags: Flags) => {
    const failures = await interruptible((signal) => soak(flags, signal));
    // Ctrl-C is one way to end it; what was seen until then decides.
    process.exitCode = failures > 0 ? 1 : 0;
  });

await runCommand(command);
