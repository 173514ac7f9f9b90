import { createProgress } from '#shared/cli/progress.ts';
import { createCommand, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { runFuzz } from './run-fuzz.ts';

const command = createCommand('fuzz', 'Feeds malformed records and requests to the consumers')
  .option('--count <n>', 'how many inputs', wholeNumber(1), 5_000)
  .option('--seed <n>', 'the same inputs for the same seed', wholeNumber(0), 1)
  .action(async ({ count, seed, json }: { count: number; seed: number; json?: boolean }) => {
    const progress = createProgress({ label: 'fuzz', total: count, unit: 'inputs' });
    const report = await runFuzz({ count, seed, onProgress: (done) => progress.update(done) });
    progress.stop();
    process.stdout.write(`${JSON.stringify(report, null, json ? 0 : 2)}\n`);
  });

await runCommand(command);
