import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCommand, print, runCommand, wholeNumber } from '#shared/cli/run-command.ts';
import { createTextEngine } from '#shared/nlp/index.ts';
import { openModel } from './gemm.ts';
import { processorSeconds } from './processor-time.ts';
import type { Precision } from './products.ts';
import { analyze } from './tasks.ts';
import { fixtureTexts } from './texts.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/texts/', import.meta.url));
/** Runs of 8 x 32 tokens that are timed as one, so that the clock's grain does not count. */
const RUNS = 4;
const GRAPHS = { int8: 'model_quantized.onnx', fp32: 'model.onnx' } as const;

/** What a graph of one size and precision costs by processor time, one thread. */
interface SizeRates {
  readonly size: string;
  readonly precision: Precision;
  readonly megabytes: number;
  /** Of a run of 8 x 32 tokens. */
  readonly milliseconds: number;
  readonly textsPerSecond: number;
}

/** Opens what `models/training/sizes.py` made of a size, in both precisions. */
async function openSize(run: string) {
  const size = basename(run);
  return Promise.all(
    (Object.keys(GRAPHS) as Precision[]).map(async (precision) => {
      const modelsDirectory = join(run, precision);
      const graph = join(modelsDirectory, `minilm-en-${size}`, 'onnx', GRAPHS[precision]);
      const files = await Promise.all(
        [graph, `${graph}_data`].map((file) => stat(file).catch(() => ({ size: 0 }))),
      );
      return {
        ...{ name: `${size} ${precision}`, size, precision },
        megabytes: files.reduce((sum, file) => sum + file.size, 0) / 1e6,
        model: await openModel(graph),
        engine: await createTextEngine({ modelsDirectory, workers: 1 }),
      };
    }),
  );
}

async function measure(runs: readonly string[], count: number, rounds: number) {
  const texts = (await fixtureTexts(FIXTURES)).slice(0, count);
  const sizes = (await Promise.all(runs.map((run) => openSize(resolve(run))))).flat();
  try {
    const repeated = async (run: () => Promise<unknown>) => {
      for (let done = 0; done < RUNS; done += 1) await run();
    };
    const [batch, whole] = [
      await processorSeconds(
        Object.fromEntries(sizes.map(({ name, model }) => [name, () => repeated(model.run)])),
        rounds,
      ),
      await processorSeconds(
        Object.fromEntries(
          sizes.map(({ name, engine }) => [name, () => analyze(engine, texts, 'entities')]),
        ),
        rounds,
      ),
    ];
    return sizes.map(({ name, size, precision, megabytes }): SizeRates => {
      const [oneBatch = Number.NaN, all = Number.NaN] = [batch[name], whole[name]];
      const milliseconds = (1_000 * oneBatch) / RUNS;
      return { size, precision, megabytes, milliseconds, textsPerSecond: texts.length / all };
    });
  } finally {
    await Promise.all(sizes.flatMap(({ model, engine }) => [model.release(), engine.close()]));
  }
}

const command = createCommand(
  'bench/sizes',
  'Times the sizes of the entity model that models/training/sizes.py made, in turns, one thread, by processor time',
)
  .argument('<runs...>', 'a folder each, named by its size')
  .option('--texts <n>', 'of the fixtures', wholeNumber(1), 200)
  .option('--rounds <n>', 'of which the median counts', wholeNumber(1), 9)
  .action(
    async (
      runs: readonly string[],
      { texts, rounds, json }: { texts: number; rounds: number; json?: boolean },
    ) => {
      const rates = await measure(runs, texts, rounds);
      print(
        rates.map(
          ({ size, precision, megabytes, milliseconds, textsPerSecond }) =>
            `${size} ${precision}: ${megabytes.toFixed(1)} MB, ${milliseconds.toFixed(1)} ms for 8 x 32 tokens, ${textsPerSecond.toFixed(0)} texts per processor second`,
        ),
        json && { sizes: rates },
      );
    },
  );

await runCommand(command);
