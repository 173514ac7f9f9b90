import { createCommand, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { createPlan } from './plan.ts';
import { readTexts } from './read-texts.ts';
import { type ChaosOutcome, runChaos } from './run-chaos.ts';

interface Flags {
  records: number;
  seed: number;
  models?: string;
  plan?: boolean;
  keep?: boolean;
  json?: boolean;
}

function print(outcome: ChaosOutcome): void {
  const { report } = outcome;
  const write = (line: string) => process.stdout.write(`${line}\n`);
  write('');
  write(`records produced      ${outcome.produced}`);
  write(`blobs on the stream   ${report.onStream} (repeats are lost PutRecords answers)`);
  write(`results               ${report.results}`);
  write(`rejected              ${report.rejected}`);
  for (const [name, count] of Object.entries(outcome.faults).sort())
    write(`fault ${name.padEnd(40)} ${count}`);
  for (const [name, { published, table }] of Object.entries(report.metrics)) {
    write(`metric ${name.padEnd(20)} published ${published}, table ${table}`);
  }
  for (const [what, list] of Object.entries({
    lost: report.lost,
    doubled: report.doubled,
    'parked wrongly': report.wrongReason,
  })) {
    write(`${what.padEnd(21)} ${list.length}`);
    for (const line of list.slice(0, 10)) write(`  ${line}`);
  }
}

const command = createCommand(
  'chaos',
  'Runs the local stack under seeded faults and audits what is left',
)
  .option('--records <n>', 'records to put on the stream', wholeNumber(10), 20_000)
  .option('--seed <n>', 'seed of faults and texts', wholeNumber(0), 1)
  .option('--models <dir>', 'models to run (default: the bundled ones)')
  .option('--plan', 'print the fault plan of the seed and end')
  .option('--keep', 'keep the folder of the stack')
  .action(async (flags: Flags) => {
    const plan = createPlan(flags.seed);
    if (flags.plan === true) {
      for (const { at, kind } of plan.events)
        process.stdout.write(`${(at * 100).toFixed(1)} % ${kind}\n`);
      return;
    }
    const outcome = await runChaos({
      records: flags.records,
      plan,
      texts: await readTexts(),
      keep: flags.keep === true,
      ...(flags.models === undefined ? {} : { modelsDirectory: flags.models }),
    });
    print(outcome);
    const { report } = outcome;
    if (flags.json === true) {
      const summary = {
        produced: outcome.produced,
        results: report.results,
        rejected: report.rejected,
        lost: report.lost.length,
        duplicated: report.doubled.length,
        metricsTotal:
          (report.metrics.RecordsProcessed?.published ?? 0) +
          (report.metrics.RecordsRejected?.published ?? 0),
        faults: outcome.faults,
        seconds: outcome.seconds,
      };
      process.stdout.write(`${JSON.stringify(summary)}\n`);
    }
    const metricsAgree = Object.values(report.metrics).every(
      ({ published, table }) => published === table,
    );
    const clean = report.lost.length + report.doubled.length + report.wrongReason.length === 0;
    if (!clean || !metricsAgree) process.exitCode = 1;
  });

await runCommand(command);
