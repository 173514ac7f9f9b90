import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
import { type ArmName, armNames, type BenchJob, type ModelFolders } from './arms.ts';
import { median, race } from './children.ts';
import { measureColdStart } from './cold-start.ts';
import { usdPerMillionRecords } from './cost.ts';
import { measureGemm } from './gemm.ts';
import { benchModels, layOut } from './model-folders.ts';
import { measureOverhead } from './overhead.ts';
import { type BenchResult, floatGraphs, resultTable } from './report.ts';
import { fixtureRecords, fixtureTexts, paragraphsOf, readTexts, sentencesOf } from './texts.ts';
import { measureTokenizers } from './tokenizers.ts';
import { typicalWorkload } from './typical-workload.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/texts/', import.meta.url));
const QUESTIONS = ['Who is named?', 'Where did it happen?', 'When was it?'];
const WARM_UP = 20;

interface Options {
  models: string;
  entityModel?: string;
  answerModel?: string;
  texts?: string;
  sentences: number;
  pairs: number;
  rounds: number;
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
    const folders = await layOut(models, folder);
    const graph = (name: string, file: string) => join(folder, name, 'onnx', file);
    const int8 = graph(folders.entities.int8, 'model_quantized.onnx');
    const fp32 = graph(folders.entities.fp32, 'model.onnx');
    const nerJob = (count: number): BenchJob => ({ task: 'ner', texts: sentences.slice(0, count) });
    const qaJob = (count: number): BenchJob => ({
      task: 'qa',
      pairs: paragraphs.slice(0, count).map((text, index) => ({
        text,
        question: QUESTIONS[index % QUESTIONS.length] ?? '',
      })),
    });
    const count = Math.min(options.sentences, sentences.length);
    const pairs = Math.min(options.pairs, paragraphs.length);
    const oneByOne = armNames.filter((arm) => arm !== 'transformersjs-q8-batch32');
    const ner = report(await rates(folders, nerJob, count, armNames, options.rounds, 'entities'));
    const qaRates = await rates(folders, qaJob, pairs, oneByOne, options.rounds, 'answers');
    const paragraphJob = (size: number): BenchJob => ({
      task: 'ner',
      texts: paragraphs.slice(0, size),
    });
    const records = await rates(
      folders,
      paragraphJob,
      pairs,
      ['ours-int8'],
      options.rounds,
      '1 KB',
    );
    const coldStart = await measureColdStart(models, int8, 5);
    const gemm = await measureGemm(folder, { int8, fp32 });
    const overhead = await measureOverhead(folders, await fixtureRecords(fixtures, 200));
    const tokenizers = measureTokenizers(sentences, options.rounds);
    const { ours, transformersJs, ratios } = report(qaRates);
    return {
      fp32Graph: floatGraphs(folders),
      ner,
      qa: {
        ours: {
          questionsPerSecond: ours.sentencesPerSecond,
          fp32QuestionsPerSecond: ours.fp32SentencesPerSecond,
        },
        transformersJs: {
          fp32OneByOne: transformersJs.fp32OneByOne,
          q8OneByOne: transformersJs.q8OneByOne,
        },
        ratios,
      },
      coldStart,
      gemm,
      overhead,
      tokenizers,
      recordsPerSecond: records['ours-int8'],
      usdPerMillionRecords: usdPerMillionRecords(typicalWorkload(records['ours-int8'])),
    };
  }
}

const command = createCommand(
  'bench',
  'Measures throughput against transformers.js on the same models and texts, cold start, and cost.',
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
  .action((options: Options) => interruptible((signal) => bench(options, signal)));
await runCommand(command);
