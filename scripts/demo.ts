import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InterruptedError, interruptible, untilInterrupted } from '#shared/cli/interrupt.ts';
import {
  createCommand,
  existingFolder,
  modelNames,
  print,
  runCommand,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { metricNames } from '#shared/metric-names.ts';
import { readSettingsFile } from '#shared/settings-file.ts';
import { type LocalStack, startLocalStack } from '#stacks/local/stack.ts';
import { type DemoInput, type DemoReport, readDemoInput, runDemo } from './demo/run-demo.ts';
import { showAnalysis, showBooks, showResults } from './demo/show.ts';

interface Flags {
  records?: number;
  models?: string;
  model?: string[];
  keep?: boolean;
  json?: boolean;
}

function summary({ good, poison }: DemoInput, report: DemoReport, started: number) {
  const { results, rejections, metrics, lost, duplicated, recordsPerSecond } = report;
  return {
    produced: good + poison,
    results: results.length,
    rejected: rejections,
    entities: metrics[metricNames.entitiesFound]?.table ?? 0,
    answers: metrics[metricNames.questionsAnswered]?.table ?? 0,
    ...{ lost, duplicated, recordsPerSecond },
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, { published }]) => [name, published]),
    ),
    seconds: Math.round((Date.now() - started) / 100) / 10,
  };
}

async function run(flags: Flags, signal: AbortSignal): Promise<void> {
  const started = Date.now();
  const input = await readDemoInput(flags.records);
  const directory = await mkdtemp(join(tmpdir(), 'spanstream-demo-'));
  let stack: LocalStack | undefined;
  try {
    print([`Starting the local stack in ${directory}`]);
    const settings = { ...readSettingsFile(), ...(flags.model && { models: flags.model }) };
    stack = await startLocalStack({ directory, settings, modelsDirectory: flags.models });
    if (signal.aborted) throw new InterruptedError('nothing was put');
    const work = runDemo(stack, input, signal);
    const report = await untilInterrupted(work, signal, () => 'the books were not balanced');
    showResults(report.results);
    await showAnalysis(stack.endpoints.http);
    showBooks(input, report);
    const balanced = report.lost === 0 && report.duplicated === 0;
    const verdict = balanced ? '\nThe books balance.' : '\nThe books do NOT balance.';
    print([verdict], flags.json && summary(input, report, started));
    if (!balanced) process.exitCode = 1;
  } finally {
    await stack?.close();
    if (flags.keep !== true) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

const command = createCommand(
  'demo',
  'Runs the whole pipeline on the fixtures, in a temporary folder',
)
  .option(
    '--records <n>',
    'texts to put (default: all; more than there are come again)',
    wholeNumber(1),
  )
  .option('--models <dir>', 'models to run (default: the bundled ones)', existingFolder)
  .option('--model <name or folder>', 'run this one alone; may be given more than once', modelNames)
  .option('--keep', 'keep the temporary folder, with its logs')
  .action((flags: Flags) => interruptible((signal) => run(flags, signal)));

await runCommand(command);
