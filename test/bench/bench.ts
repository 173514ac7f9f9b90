import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from 'commander';
import { interruptible, untilInterrupted } from '#shared/cli/interrupt.ts';
import {
  createCommand,
  existingFile,
  existingFolder,
  print,
  runCommand,
  say,
  wholeNumber,
} from '#shared/cli/run-command.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { isOnAvx2, rerunOnAvx2 } from './avx2.ts';
import { measureColdStart } from './cold-start.ts';
import { goalsOf, type Part, parts } from './figures.ts';
import { measureGemm } from './gemm.ts';
import { measureHeads } from './heads.ts';
import { fallsOf, readHistory, recordRun } from './history.ts';
import { measureMemory } from './memory.ts';
import { measureMetrics } from './metrics.ts';
import { type BenchModels, benchModels, layOut } from './model-folders.ts';
import { measureOverhead } from './overhead.ts';
import { measurePackagedStarts } from './packaged-start.ts';
import { readProcessor } from './processor-time.ts';
import { measureRepeats } from './repeats.ts';
import { floatGraphs, resultTable } from './report.ts';
import type { BenchResult } from './result.ts';
import { measureSpacy } from './spacy.ts';
import { measureTasks } from './tasks.ts';
import { fixtureRecords, fixtureTexts, readTexts, sentencesOf } from './texts.ts';
import { measureThroughput } from './throughput.ts';
import { measureTokenizers } from './tokenizers.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/texts/', import.meta.url));
/** Texts of a round of the tasks. */
const BATCH = 200;
/** How often a figure that fell is measured before it counts as fallen. */
const ATTEMPTS = 3;
/** What `--short` measures, and how much of it: a minute on two cores. */
const SHORT = {
  ...{ sentences: 200, pairs: 10, rounds: 5, starts: 9 },
  only: ['throughput', 'coldStart', 'tokenizers', 'heads'],
} as const;

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
  starts: number;
  only: readonly Part[];
  short?: boolean;
  avx2?: boolean;
  check?: boolean;
  record?: boolean;
  json?: boolean;
}

async function bench(given: Options, signal: AbortSignal): Promise<void> {
  if (given.avx2 && !isOnAvx2()) {
    process.exitCode = await rerunOnAvx2(signal);
    return;
  }
  const options = { ...given, ...(given.short && SHORT) };
  const texts = options.texts ? await readTexts(options.texts) : await fixtureTexts(fixtures);
  const models = await benchModels(options);
  const measured = (only: Iterable<Part>): Promise<BenchResult> =>
    untilInterrupted(
      measure(models, texts, options, new Set(only)),
      signal,
      () => 'nothing was measured',
    );
  let result = await measured(options.only);
  const history = await readHistory();
  let falls = fallsOf(result, history);
  for (let attempt = 2; options.check && falls.length > 0 && attempt <= ATTEMPTS; attempt += 1) {
    say(`measured again, having fallen: ${falls.map(({ name }) => name).join(', ')}`);
    result = { ...result, ...(await measured(falls.map(({ part }) => part))) };
    falls = fallsOf(result, history);
  }
  const goals = goalsOf(result);
  if (options.record) await recordRun(result, new Date().toISOString().slice(0, 10));
  const fallen = falls.map(
    ({ name, value, before }) =>
      `fallen: ${name}, ${value.toFixed(2)}, before ${before.toFixed(2)}`,
  );
  print([resultTable(result, goals), ...fallen], options.json && { ...result, goals });
  if (options.check && falls.length > 0) {
    throw new SpanstreamError('bench', 'figures fell by more than a third');
  }
}

async function measure(
  models: BenchModels,
  texts: readonly string[],
  options: Options,
  asked: ReadonlySet<Part>,
): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'spanstream-bench-'));
  try {
    const { rounds, starts } = options;
    const needsFolders = (['throughput', 'gemm', 'overhead'] as const).some((one) =>
      asked.has(one),
    );
    const folders = needsFolders ? await layOut(models, folder) : undefined;
    const batch = texts.slice(0, BATCH);
    const graphOf = (name: string, file: string) => join(folder, name, 'onnx', file);
    const entityGraph = join(models.directory, models.entityModel, 'onnx', 'model_quantized.onnx');
    return {
      processor: await readProcessor(),
      ...(folders && { fp32Graph: floatGraphs(folders) }),
      ...(folders && asked.has('throughput') && (await measureThroughput(folders, texts, options))),
      ...(asked.has('coldStart') && {
        coldStart: {
          ...(await measureColdStart(models, entityGraph, starts)),
          ...(await measurePackagedStarts(starts)),
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
          overhead: await measureOverhead(folders, await fixtureRecords(fixtures, BATCH)),
        }),
      ...(asked.has('repeats') && { repeats: await measureRepeats(models, texts, rounds) }),
      ...(asked.has('tokenizers') && {
        tokenizers: measureTokenizers(sentencesOf(texts), rounds),
      }),
      ...(asked.has('tasks') && { tasks: await measureTasks(models.directory, batch, rounds) }),
      ...(asked.has('heads') && { heads: await measureHeads(models, batch, rounds) }),
      ...(asked.has('memory') && { memory: await measureMemory(models, batch) }),
      ...(asked.has('spacy') && { spacy: await measureSpacy(models, batch, rounds) }),
      ...(asked.has('metrics') && { metrics: await measureMetrics(models, texts, rounds) }),
    };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const command = createCommand(
  'bench',
  'Measures throughput against transformers.js on the same models and texts and against spaCy, cold starts, cost, memory, tokenizers against @huggingface/tokenizers, each task, and the metrics function.',
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
  .option('--starts <n>', 'cold starts of each kind, whose median counts', wholeNumber(1), 25)
  .option('--only <parts>', `parts to measure: ${parts.join(', ')}; by default all`, partsOf, [
    ...parts,
  ])
  .option('--short', 'little of the most telling parts, in a minute')
  .option('--check', 'fail where a figure is worse by a third than in the recorded runs')
  .option('--record', 'add the figures to test/bench/history.jsonl')
  .option('--avx2', 'as on a processor without AVX-512 and VNNI (Linux, x86-64)')
  .action((options: Options) => interruptible((signal) => bench(options, signal)));
await runCommand(command);
