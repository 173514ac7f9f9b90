import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from 'commander';
import { interruptible, untilInterrupted } from '#shared/cli/interrupt.ts';
import { createProgress } from '#shared/cli/progress.ts';
import {
  createCommand,
  existingFile,
  existingFolder,
  print,
  runCommand,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { usdPerMillionRecords, workloadOf } from '#shared/cost.ts';
import { parseSettings } from '#shared/settings.ts';
import { type ArmName, armNames, type BenchJob, type ModelFolders } from './arms.ts';
import { median, race } from './children.ts';
import { measureColdStart } from './cold-start.ts';
import { measureGemm } from './gemm.ts';
import { measureHeads } from './heads.ts';
import { measureMetrics } from './metrics.ts';
import { benchModels, layOut } from './model-folders.ts';
import { measureOverhead } from './overhead.ts';
import { measurePackagedStarts } from './packaged-start.ts';
import { readProcessor } from './processor-time.ts';
import { measureRepeats } from './repeats.ts';
import { type BenchResult, floatGraphs, resultTable } from './report.ts';
import { measureTasks } from './tasks.ts';
import { fixtureRecords, fixtureTexts, paragraphsOf, readTexts, sentencesOf } from './texts.ts';
import { measureTokenizers } from './tokenizers.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/texts/', import.meta.url));
const QUESTIONS = ['Who is named?', 'Where did it happen?', 'When was it?'];
const WARM_UP = 20;
/** Texts of a round of the tasks. */
const BATCH = 200;
const parts = [
  'throughput',
  'coldStart',
  'gemm',
  'overhead',
  'repeats',
  'tokenizers',
  'tasks',
  'heads',
  'metrics',
] as const;
type Part = (typeof parts)[number];

function partsOf(list: string): Part[] {
  return list.split(',').map((given) => {
    const part = parts.find((one) => one === given.trim());
    if (part) return part;
    throw new InvalidArgumentError(`${given} is none of ${parts.join(', ')}.`);
  });
}

interface Options {
  models: string;
  entityModel?: string;
  answerModel?: string;
  texts?: string;
  sentences: number;
  pairs: number;
  rounds: number;
  only: readonly Part[];
  json?: boolean;
}

type Rates = Record<ArmName, number>;

async function rates(
  folders: ModelFolders,
  job: (count: number) => BenchJob,
  count: number,
  arms: readonly ArmName[],
  rounds: number,
  label: string,
): Promise<Rates> {
  const progress = createProgress({ label, total: rounds, unit: 'rounds' });
  const jobs = { warmUp: job(Math.min(WARM_UP, count)), timed: job(count) };
  const times = await race(arms, folders, jobs, { rounds, done: (done) => progress.update(done) });
  progress.stop();
  const rate = (arm: ArmName): number => (count / median(times.get(arm) ?? [])) * 1_000;
  return Object.fromEntries(arms.map((arm) => [arm, rate(arm)])) as Rates;
}

function report({ 'ours-int8': int8, 'ours-fp32': fp32, ...theirs }: Rates) {
  const oneByOne = {
    fp32OneByOne: theirs['transformersjs-fp32'],
    q8OneByOne: theirs['transformersjs-q8'],
  };
  return {
    ours: { sentencesPerSecond: int8, fp32SentencesPerSecond: fp32 },
    transformersJs: { ...oneByOne, q8Batch32: theirs['transformersjs-q8-batch32'] },
    ratios: {
      int8ToFp32OneByOne: int8 / oneByOne.fp32OneByOne,
      int8ToQ8OneByOne: int8 / oneByOne.q8OneByOne,
      fp32ToFp32OneByOne: fp32 / oneByOne.fp32OneByOne,
    },
  };
}

async function bench(options: Options, signal: AbortSignal): Promise<void> {
  const texts = options.texts ? await readTexts(options.texts) : await fixtureTexts(fixtures);
  const sentences = sentencesOf(texts);
  const paragraphs = paragraphsOf(sentences, 1_000);
  const models = await benchModels(options);
  const folder = await mkdtemp(join(tmpdir(), 'spanstream-bench-'));
  try {
    const result = await untilInterrupted(measure(), signal, () => 'nothing was measured');
    print([resultTable(result)], options.json && result);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async function measure(): Promise<BenchResult> {
    const asked = new Set<Part>(options.only);
    const { rounds } = options;
    const needsFolders = (['throughput', 'gemm', 'overhead'] as const).some((one) =>
      asked.has(one),
    );
    const folders = needsFolders ? await layOut(models, folder) : undefined;
    const batch = texts.slice(0, BATCH);
    const graphOf = (name: string, file: string) => join(folder, name, 'onnx', file);
    return {
      processor: await readProcessor(),
      ...(folders && { fp32Graph: floatGraphs(folders) }),
      ...(folders && asked.has('throughput') && (await measureThroughput(folders))),
      ...(asked.has('coldStart') && {
        coldStart: {
          ...(await measureColdStart(
            models,
            join(models.directory, models.entityModel, 'onnx', 'model_quantized.onnx'),
            5,
          )),
          ...(await measurePackagedStarts(5)),
        },
      }),
      ...(folders &&
        asked.has('gemm') && {
          gemm: await measureGemm(folder, {
            int8: graphOf(folders.entities.int8, 'model_quantized.onnx'),
            fp32: graphOf(folders.entities.fp32, 'model.onnx'),
          }),
        }),
      ...(folders &&
        asked.has('overhead') && {
          overhead: await measureOverhead(folders, await fixtureRecords(fixtures, 200)),
        }),
      ...(asked.has('repeats') && { repeats: await measureRepeats(models, texts, rounds) }),
      ...(asked.has('tokenizers') && {
        tokenizers: measureTokenizers(sentences, rounds),
      }),
      ...(asked.has('tasks') && { tasks: await measureTasks(models.directory, batch, rounds) }),
      ...(asked.has('heads') && { heads: await measureHeads(models, batch, rounds) }),
      ...(asked.has('metrics') && { metrics: await measureMetrics(models, texts, rounds) }),
    };
  }

  async function measureThroughput(folders: ModelFolders) {
    const nerJob = (count: number): BenchJob => ({ task: 'ner', texts: sentences.slice(0, count) });
    const qaJob = (count: number): BenchJob => ({
      task: 'qa',
      pairs: paragraphs.slice(0, count).map((text, index) => ({
        text,
        question: QUESTIONS[index % QUESTIONS.length] ?? '',
      })),
    });
    const paragraphJob = (size: number): BenchJob => ({
      task: 'ner',
      texts: paragraphs.slice(0, size),
    });
    const count = Math.min(options.sentences, sentences.length);
    const pairs = Math.min(options.pairs, paragraphs.length);
    const oneByOne = armNames.filter((arm) => arm !== 'transformersjs-q8-batch32');
    const { rounds } = options;
    const ner = report(await rates(folders, nerJob, count, armNames, rounds, 'entities'));
    const qa = report(await rates(folders, qaJob, pairs, oneByOne, rounds, 'answers'));
    const records = await rates(folders, paragraphJob, pairs, ['ours-int8'], rounds, '1 KB');
    return {
      ner,
      qa: {
        ours: {
          questionsPerSecond: qa.ours.sentencesPerSecond,
          fp32QuestionsPerSecond: qa.ours.fp32SentencesPerSecond,
        },
        transformersJs: {
          fp32OneByOne: qa.transformersJs.fp32OneByOne,
          q8OneByOne: qa.transformersJs.q8OneByOne,
        },
        ratios: qa.ratios,
      },
      recordsPerSecond: records['ours-int8'],
      usdPerMillionRecords: usdPerMillionRecords(
        workloadOf(parseSettings({}), {
          ...{ arrivalsPerSecond: 50, recordKilobytes: 1 },
          kilobytesPerSecond: records['ours-int8'],
        }),
      ),
    };
  }
}

const command = createCommand(
  'bench',
  'Measures throughput against transformers.js on the same models and texts, cold start, cost, tokenizers against @huggingface/tokenizers, each task, and the metrics function.',
)
  .option(
    '--models <folder>',
    'folder with the models and their manifest',
    existingFolder,
    'models',
  )
  .option('--entity-model <name>', "model's folder in it; by default the manifest's first")
  .option('--answer-model <name>', "model's folder in it; by default the manifest's first")
  .option(
    '--texts <file>',
    'JSON Lines with a text each, or plain lines; by default the fixtures',
    existingFile,
  )
  .option('--sentences <n>', 'sentences of a round', wholeNumber(1), 200)
  .option(
    '--pairs <n>',
    'questions of a round, each on a text of 1,000 characters',
    wholeNumber(1),
    30,
  )
  .option('--rounds <n>', 'rounds, whose median counts', wholeNumber(1), 5)
  .option('--only <parts>', `parts to measure: ${parts.join(', ')}; by default all`, partsOf, [
    ...parts,
  ])
  .action((options: Options) => interruptible((signal) => bench(options, signal)));
await runCommand(command);
