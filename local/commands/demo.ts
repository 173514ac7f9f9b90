import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DemoInput, type DemoOutcome, readDemoInput, runDemo } from '#local/demo/run-demo.ts';
import { markEntities, pickAnswers, pickTexts } from '#local/demo/show.ts';
import { type LocalStack, startLocalStack } from '#local/stack.ts';
import { InterruptedError, interruptible, untilInterrupted } from '#shared/cli/interrupt.ts';
import { createCommand, existingFolder, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { metricNames } from '#shared/metric-names.ts';
import { readSettingsFile } from '#shared/settings-file.ts';

interface Flags {
  records?: number;
  models?: string;
  keep?: boolean;
  json?: boolean;
}

const write = (line = '') => process.stdout.write(`${line}\n`);

function show(outcome: DemoOutcome): void {
  const { results } = outcome.books;
  write('\nFound in the texts:');
  for (const { text = '', entities } of pickTexts(results, 6)) {
    write(`  ${markEntities(text, entities, process.stdout.isTTY)}`);
  }
  write('\nAnswered from the texts:');
  for (const { question, text, score } of pickAnswers(results, 4)) {
    write(
      `  ${question}  ->  ${text === null ? '(the text does not say)' : `${text} (${score.toFixed(2)})`}`,
    );
  }
}

async function askOverHttp(stack: LocalStack): Promise<void> {
  const body = {
    text: 'Marie Curie was born in Warsaw and won the Nobel Prize in Physics in 1903.',
    questions: ['Where was Marie Curie born?'],
    store: false,
  };
  const answer = await fetch(`${stack.endpoints.http}/v1/analyze`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const said = (await answer.json()) as {
    entities: { type: string; text: string; start: number; end: number; score: number }[];
    answers: { text: string | null }[];
  };
  write('\nAsked over HTTP (POST /v1/analyze):');
  write(`  ${markEntities(body.text, said.entities, process.stdout.isTTY)}`);
  write(`  ${body.questions[0]}  ->  ${said.answers[0]?.text ?? '(the text does not say)'}`);
}

function showBooks(input: DemoInput, outcome: DemoOutcome): void {
  write('\nMetrics                   CloudWatch        table');
  for (const [name, { published, table }] of Object.entries(outcome.metrics)) {
    write(`  ${name.padEnd(22)}${String(published).padStart(12)} ${String(table).padStart(12)}`);
  }
  const { books } = outcome;
  write('\nBooks');
  write(`  good records ${input.good}, results ${books.results.length}`);
  write(
    `  poison records ${input.poison}, failure objects ${books.failureObjects}, rejections ${books.rejections}`,
  );
  write(`  lost ${outcome.lost}, duplicated ${outcome.duplicated}`);
  write(`  ${outcome.recordsPerSecond} records/s from the first put to the last result`);
}

function summary(input: DemoInput, outcome: DemoOutcome, started: number) {
  const { books, metrics } = outcome;
  const value = (name: string) => metrics[name]?.table ?? 0;
  return {
    produced: input.good + input.poison,
    results: books.results.length,
    rejected: books.rejections,
    entities: value(metricNames.entitiesFound),
    answers: value(metricNames.questionsAnswered),
    lost: outcome.lost,
    duplicated: outcome.duplicated,
    recordsPerSecond: outcome.recordsPerSecond,
    metrics: Object.fromEntries(
      Object.entries(metrics).map(([name, { published }]) => [name, published]),
    ),
    seconds: Math.round((Date.now() - started) / 100) / 10,
  };
}

async function run(flags: Flags, signal: AbortSignal): Promise<void> {
  const started = Date.now();
  const input = await readDemoInput(flags.records ?? Number.POSITIVE_INFINITY);
  const directory = await mkdtemp(join(tmpdir(), 'spanstream-demo-'));
  let stack: LocalStack | undefined;
  try {
    write(`Starting the local stack in ${directory}`);
    stack = await startLocalStack({
      directory,
      settings: readSettingsFile(),
      modelsDirectory: flags.models,
    });
    if (signal.aborted) throw new InterruptedError('nothing was put');
    const work = runDemo(stack, input, signal);
    const outcome = await untilInterrupted(work, signal, () => 'the books were not balanced');
    show(outcome);
    await askOverHttp(stack);
    showBooks(input, outcome);
    const balanced = outcome.lost === 0 && outcome.duplicated === 0;
    write(balanced ? '\nThe books balance.' : '\nThe books do NOT balance.');
    if (flags.json === true) write(JSON.stringify(summary(input, outcome, started)));
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
  .option('--records <n>', 'texts to put at most (default: all)', wholeNumber(1))
  .option('--models <dir>', 'models to run (default: the bundled ones)', existingFolder)
  .option('--keep', 'keep the temporary folder, with its logs')
  .action((flags: Flags) => interruptible((signal) => run(flags, signal)));

await runCommand(command);
