import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { Option } from 'commander';
import { interruptible } from '#shared/cli/interrupt.ts';
import {
  callOf,
  createCommand,
  existingFolder,
  print,
  runCommand,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { ConfigurationError, messageOf } from '#shared/errors.ts';
import { createTextEngine, type TextEngineOptions } from '#shared/nlp/index.ts';
import { readManifest } from '#shared/nlp/manifest.ts';
import { evaluateAnswers } from './evaluate-answers.ts';
import { evaluateEntities } from './evaluate-entities.ts';
import { modelsDirectory } from './models-directory.ts';

interface Options {
  readonly task: 'ner' | 'qa';
  readonly data: string;
  readonly models?: string;
  readonly model?: string;
  readonly limit?: number;
  readonly unanswerable?: boolean;
  readonly mustAnswer?: boolean;
  readonly seed: number;
  readonly json?: boolean;
}

async function evaluate(options: Options, signal: AbortSignal): Promise<void> {
  for (const flag of ['unanswerable', 'mustAnswer'] as const) {
    if (options[flag] && options.task !== 'qa') {
      const name = flag === 'unanswerable' ? '--unanswerable' : '--must-answer';
      throw new ConfigurationError(`${name} goes with --task qa only`);
    }
  }
  if (options.unanswerable && options.mustAnswer) {
    throw new ConfigurationError('--unanswerable and --must-answer exclude each other');
  }
  const data = await readData(options.data);
  const engine = await createTextEngine(await engineOptions(options));
  try {
    const { summary, lines } =
      options.task === 'ner'
        ? await evaluateEntities(engine, data, { limit: options.limit, signal })
        : await evaluateAnswers(engine, data, {
            limit: options.limit,
            unanswerable: options.unanswerable ?? false,
            seed: options.seed,
            signal,
          });
    const head = {
      task: options.task,
      model: engine.models[0]?.name,
      data: basename(options.data),
    };
    print([`${head.model} on ${head.data}`, ...lines], options.json && { ...head, ...summary });
  } finally {
    await engine.close();
  }
}

/** A folder beside a manifest that names it is that manifest's model, so that its settings hold. */
async function engineOptions(options: Options): Promise<TextEngineOptions> {
  const { task, models = modelsDirectory(), model, mustAnswer } = options;
  const other = {
    tasks: [task === 'ner' ? 'entities' : 'answers'] as const,
    ...(mustAnswer && { nullThreshold: 1 }),
  };
  if (model === undefined) return { modelsDirectory: models, ...other };
  const folder = resolve(model);
  const beside = await readManifest(dirname(folder));
  const name = beside?.models.find((entry) => entry.name === basename(folder))?.name;
  return {
    modelsDirectory: name === undefined ? models : dirname(folder),
    ...other,
    models: [name ?? model],
  };
}

async function readData(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`--data: ${messageOf(error)}`, { cause: error });
  }
}

const command = createCommand('eval', 'Measures a model on labelled data.')
  .addOption(
    new Option('--task <task>', 'what is measured').choices(['ner', 'qa']).makeOptionMandatory(),
  )
  .requiredOption('--data <file>', 'CoNLL columns (IOB1 or IOB2) for ner, SQuAD JSON for qa')
  .option(
    '--model <name or folder>',
    "model to measure (default: the manifest's first of the task)",
  )
  .option(
    '--models <folder>',
    'folder with the manifest (default: models; where it has none, the bundled ones)',
    existingFolder,
  )
  .option('--limit <n>', 'sentences or questions at most (default: all)', wholeNumber(1))
  .option('--unanswerable', 'ask about paragraphs that do not hold the answer (qa)')
  .option('--must-answer', 'never decline: always the best span (qa)')
  .option('--seed <n>', 'seed of the unanswerable pairs', wholeNumber(0), 1)
  .addHelpText(
    'after',
    `
Examples:
  ${callOf('eval')} --task ner --data test.txt
  ${callOf('eval')} --task qa --data dev-v1.1.json --model models/my-model --limit 500 --json`,
  )
  .action((options: Options) => interruptible((signal) => evaluate(options, signal)));

await runCommand(command);
