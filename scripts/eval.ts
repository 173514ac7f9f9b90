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
import { serves } from '#shared/nlp/engine/route.ts';
import {
  createTextEngine,
  type ModelIdentity,
  type TaskName,
  type TextEngine,
  type TextEngineOptions,
} from '#shared/nlp/index.ts';
import { primaryTagOf } from '#shared/nlp/language/primary-tag.ts';
import { readManifest } from '#shared/nlp/manifest.ts';
import type { Evaluation } from './analyze-in-slices.ts';
import { evaluateAnswers } from './evaluate-answers.ts';
import { evaluateEntities } from './evaluate-entities.ts';
import { evaluateLabels } from './evaluate-labels.ts';
import { evaluatePersonalData } from './evaluate-personal-data.ts';
import { evaluateTags } from './evaluate-tags.ts';
import { modelsDirectory } from './models-directory.ts';

/** What is measured, and the task whose models are loaded for it. */
const tasks = {
  ner: 'entities',
  qa: 'answers',
  pos: 'tags',
  labels: 'labels',
  pii: 'entities',
} as const satisfies Record<string, TaskName>;

interface Options {
  readonly task: keyof typeof tasks;
  readonly data: string;
  readonly models?: string;
  readonly model?: string;
  readonly language?: string;
  readonly types?: readonly string[];
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
  if (options.types && options.task !== 'ner') {
    throw new ConfigurationError('--types goes with --task ner only');
  }
  const data = await readData(options.data);
  const engine = await createTextEngine(await engineOptions(options));
  try {
    const { summary, lines } = await measure(engine, data, options, signal);
    const head = {
      task: options.task,
      model: modelOf(engine, options.language, summary.classifier),
      data: basename(options.data),
    };
    print([`${head.model} on ${head.data}`, ...lines], options.json && { ...head, ...summary });
  } finally {
    await engine.close();
  }
}

/** The first model that serves the language, with the classifier, where it is about one. */
function modelOf(
  { models }: TextEngine,
  language = 'en',
  classifier?: unknown,
): string | undefined {
  const primary = primaryTagOf(language) ?? language;
  const isMeant = (model: ModelIdentity): boolean =>
    serves(model, primary) &&
    (classifier === undefined || model.heads.some(({ name }) => name === classifier));
  return (models.find(isMeant) ?? models[0])?.name;
}

function measure(
  engine: TextEngine,
  data: string,
  { task, limit, language, types, unanswerable = false, seed }: Options,
  signal: AbortSignal,
): Promise<Evaluation> {
  const options = { limit, language, signal };
  switch (task) {
    case 'ner':
      return evaluateEntities(engine, data, { ...options, types });
    case 'qa':
      return evaluateAnswers(engine, data, { ...options, unanswerable, seed });
    case 'pos':
      return evaluateTags(engine, data, options);
    case 'labels':
      return evaluateLabels(engine, data, options);
    case 'pii':
      return evaluatePersonalData(engine, data, options);
  }
}

/** A folder beside a manifest that names it is that manifest's model, so that its settings hold. */
async function engineOptions(options: Options): Promise<TextEngineOptions> {
  const { task, models = modelsDirectory(), model, mustAnswer } = options;
  const other = {
    tasks: [tasks[task]],
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
    new Option('--task <task>', 'what is measured')
      .choices(Object.keys(tasks))
      .makeOptionMandatory(),
  )
  .requiredOption(
    '--data <file>',
    `ner: CoNLL columns (IOB1 or IOB2) or Stockmark's JSON; qa: SQuAD's JSON; pos: word and UPOS by tabs, or CoNLL-U; labels: TSV of GoEmotions or CoLA, or CSV with text and category; pii: Presidio's JSON`,
  )
  .option(
    '--model <name or folder>',
    "model to measure (default: the manifest's first of the task)",
  )
  .option(
    '--models <folder>',
    'folder with the manifest (default: models; where it has none, the bundled ones)',
    existingFolder,
  )
  .option('--language <tag>', 'BCP 47 tag of the texts (default: what the engine tells)')
  .option(
    '--types <list>',
    'entity types that count, parted by commas (ner; default: all)',
    (list: string) =>
      list
        .split(',')
        .map((type) => type.trim())
        .filter(Boolean),
  )
  .option('--limit <n>', 'examples at most (default: all)', wholeNumber(1))
  .option('--unanswerable', 'ask about paragraphs that do not hold the answer (qa)')
  .option('--must-answer', 'never decline: always the best span (qa)')
  .option('--seed <n>', 'seed of the unanswerable pairs', wholeNumber(0), 1)
  .addHelpText(
    'after',
    `
Examples:
  ${callOf('eval')} --task ner --data test.txt
  ${callOf('eval')} --task ner --data pt.conll --language pt --types PER,ORG,LOC
  ${callOf('eval')} --task qa --data dev-v1.1.json --model models/my-model --limit 500 --json`,
  )
  .action((options: Options) => interruptible((signal) => evaluate(options, signal)));

await runCommand(command);
