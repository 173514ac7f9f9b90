import type { FloatGraph, ModelFolders } from './arms.ts';
import type { measureColdStart } from './cold-start.ts';
import type { measureGemm } from './gemm.ts';
import type { measureOverhead } from './overhead.ts';
import type { TokenizerRates } from './tokenizers.ts';

type Rates = Readonly<Record<string, number>>;

/** Units of work a second of one task, ours and the rival's, and how they compare. */
export interface TaskResult {
  readonly ours: Rates;
  readonly transformersJs: Rates;
  readonly ratios: Rates;
}

/** Everything that the bench measures. */
export interface BenchResult {
  readonly fp32Graph: { readonly entities: FloatGraph; readonly answers: FloatGraph };
  readonly ner: TaskResult;
  readonly qa: TaskResult;
  readonly coldStart: Awaited<ReturnType<typeof measureColdStart>>;
  readonly gemm: Awaited<ReturnType<typeof measureGemm>>;
  readonly overhead: Awaited<ReturnType<typeof measureOverhead>>;
  /** By family. */
  readonly tokenizers: Readonly<Record<string, TokenizerRates>>;
  readonly recordsPerSecond: number;
  readonly usdPerMillionRecords: number;
}

/** Where the fp32 graphs of both tasks come from. */
export function floatGraphs({ entities, answers }: ModelFolders): BenchResult['fp32Graph'] {
  return { entities: entities.floatGraph, answers: answers.floatGraph };
}

/** The result for people: a line a figure. */
export function resultTable(result: BenchResult): string {
  const rows: [string, string][] = [];
  const add = (name: string, value: number, unit = ''): void => {
    rows.push([name, `${value.toFixed(value < 10 ? 2 : 1)}${unit}`]);
  };
  for (const [task, origin] of Object.entries(result.fp32Graph)) {
    rows.push([`${task}, fp32 graph`, origin]);
  }
  for (const [task, part] of Object.entries({ entities: result.ner, answers: result.qa })) {
    for (const [name, value] of Object.entries(part.ours)) add(`${task}, ours, ${name}`, value);
    for (const [name, value] of Object.entries(part.transformersJs)) {
      add(`${task}, transformers.js, ${name}`, value);
    }
    for (const [name, value] of Object.entries(part.ratios)) add(`${task}, ${name}`, value, ' x');
  }
  const { milliseconds, bareSessionMilliseconds } = result.coldStart;
  add('cold start to first answer', milliseconds, ' ms');
  add('bare session in a fresh process', bareSessionMilliseconds, ' ms');
  add('cold start over bare session', milliseconds / bareSessionMilliseconds, ' x');
  for (const [name, { share, gopsPerSecond, largeGopsPerSecond }] of Object.entries(result.gemm)) {
    add(`share of the ${name} GEMM rate`, share * 100, ' %');
    add(`${name} GEMM rate, the model's shapes`, gopsPerSecond, ' GOP/s');
    add(`${name} GEMM rate, large shapes`, largeGopsPerSecond, ' GOP/s');
  }
  add('consumer time that is not inference, batch 200', result.overhead.share * 100, ' %');
  add('engine time that is not inference, batch 200', result.overhead.engine.share * 100, ' %');
  for (const [family, { ours, theirs, ratio }] of Object.entries(result.tokenizers)) {
    add(`tokenizer, ${family}, texts per second`, ours);
    add(`tokenizer, ${family}, @huggingface/tokenizers`, theirs);
    add(`tokenizer, ${family}, ours over theirs`, ratio, ' x');
  }
  add('1 KB records per second, entities', result.recordsPerSecond);
  add('US dollars per million 1 KB records', result.usdPerMillionRecords);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value.padStart(10)}`).join('\n');
}
