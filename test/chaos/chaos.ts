import { Option } from 'commander';
import { InterruptedError, interruptible } from '#shared/cli/interrupt.ts';
import { createCommand, existingFolder, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { createPlan, odds } from './plan.ts';
import { readTexts } from './read-texts.ts';
import { type ChaosOutcome, runChaos, tinyModels } from './run-chaos.ts';

interface Flags {
  records: number;
  seed: number;
  models?: string;
  target: 'local' | 'cloud';
  plan?: boolean;
  keep?: boolean;
  json?: boolean;
}

const write = (line: string) => process.stdout.write(`${line}\n`);

function print({ produced, faults, reports }: ChaosOutcome): void {
  write('');
  write(`records produced      ${produced}`);
  for (const [name, count] of Object.entries(faults).sort())
    write(`fault ${name.padEnd(40)} ${count}`);
  for (const [environment, report] of Object.entries(reports)) {
    write('');
    write(environment);
    write(`  blobs on the stream  ${report.onStream} (repeats are lost PutRecords answers)`);
    write(`  results              ${report.results}`);
    write(`  rejected             ${report.rejected}`);
    for (const [name, { published, table }] of Object.entries(report.metrics)) {
      write(`  metric ${name.padEnd(18)} published ${published}, table ${table}`);
    }
    const { lost, doubled, wrongReason } = report;
    for (const [what, list] of Object.entries({ lost, doubled, 'parked wrongly': wrongReason })) {
      write(`  ${what.padEnd(20)} ${list.length}`);
      for (const line of list.slice(0, 10)) write(`    ${line}`);
    }
  }
}

function summary({ produced, faults, reports, seconds }: ChaosOutcome) {
  const all = Object.values(reports);
  const sum = (count: (report: (typeof all)[number]) => number) =>
    all.reduce((total, report) => total + count(report), 0);
  return {
    produced,
    results: sum(({ results }) => results),
    rejected: sum(({ rejected }) => rejected),
    lost: sum(({ lost }) => lost.length),
    duplicated: sum(({ doubled }) => doubled.length),
    metricsTotal: sum(
      ({ metrics }) =>
        (metrics.RecordsProcessed?.published ?? 0) + (metrics.RecordsRejected?.published ?? 0),
    ),
    faults,
    seconds,
  };
}

const isClean = ({ reports }: ChaosOutcome): boolean =>
  Object.values(reports).every(
    ({ lost, doubled, wrongReason, metrics }) =>
      lost.length + doubled.length + wrongReason.length === 0 &&
      Object.values(metrics).every(({ published, table }) => published === table),
  );

async function chaos(flags: Flags, signal: AbortSignal): Promise<void> {
  const plan = createPlan(flags.seed);
  if (flags.plan === true) {
    const { seed, events } = plan;
    if (flags.json === true) write(JSON.stringify({ seed, events, odds }));
    else for (const { at, kind } of events) write(`${(at * 100).toFixed(1)} % ${kind}`);
    return;
  }
  const outcome = await runChaos({
    records: flags.records,
    plan,
    texts: await readTexts(),
    keep: flags.keep === true,
    modelsDirectory: flags.models,
    target: flags.target,
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? new InterruptedError('nothing was audited') : error;
  });
  print(outcome);
  if (flags.json === true) write(JSON.stringify(summary(outcome)));
  if (!isClean(outcome)) process.exitCode = 1;
}

const command = createCommand(
  'chaos',
  'Runs the product under seeded faults, and audits what is left',
)
  .option('--records <n>', 'records to put on the stream', wholeNumber(10), 20_000)
  .option('--seed <n>', 'seed of faults and texts', wholeNumber(0), 1)
  .option(
    '--models <dir>',
    'models to run; tiny: those of the tests (default: the bundled ones)',
    (value) => (value === 'tiny' ? tinyModels : existingFolder(value)),
  )
  .addOption(
    new Option(
      '--target <where>',
      'local: two local stacks that share a CloudWatch; cloud: deployed on MiniStack, an emulator of AWS',
    )
      .choices(['local', 'cloud'])
      .default('local'),
  )
  .option('--plan', 'print the fault plan of the seed and end')
  .option('--keep', 'keep the folders of local stacks')
  .action((flags: Flags) => interruptible((signal) => chaos(flags, signal)));

await runCommand(command);
