import type { FloatGraph } from './arms.ts';
import type { measureColdStart } from './cold-start.ts';
import type { measureGemm } from './gemm.ts';
import type { HeadTimes } from './heads.ts';
import type { MemoryUse } from './memory.ts';
import type { MetricsRates } from './metrics.ts';
import type { measureOverhead } from './overhead.ts';
import type { PackagedStarts } from './packaged-start.ts';
import type { Processor } from './processor-time.ts';
import type { RepeatTimes } from './repeats.ts';
import type { SpacyRates } from './spacy.ts';
import type { TaskRates } from './tasks.ts';
import type { MonthlyCosts } from './throughput.ts';
import type { TokenizerRates } from './tokenizers.ts';

type Rates = Readonly<Record<string, number>>;

/** Units of work a second of one task, ours and the rival's, and how they compare. */
export interface TaskResult {
  readonly ours: Rates;
  readonly transformersJs: Rates;
  readonly ratios: Rates;
}

/** Everything that the bench measures; of parts that were not asked for, nothing. */
export interface BenchResult {
  readonly processor: Processor;
  readonly fp32Graph?: { readonly entities: FloatGraph; readonly answers: FloatGraph };
  readonly ner?: TaskResult;
  readonly qa?: TaskResult;
  readonly recordsPerSecond?: number;
  readonly usdPerMillionRecords?: number;
  readonly monthlyUsdPerMillionRecords?: MonthlyCosts;
  readonly coldStart?: Awaited<ReturnType<typeof measureColdStart>> & PackagedStarts;
  readonly gemm?: Awaited<ReturnType<typeof measureGemm>>;
  readonly overhead?: Awaited<ReturnType<typeof measureOverhead>>;
  readonly repeats?: RepeatTimes;
  /** By family. */
  readonly tokenizers?: Readonly<Record<string, TokenizerRates>>;
  readonly tasks?: TaskRates;
  readonly heads?: HeadTimes;
  readonly memory?: MemoryUse;
  readonly spacy?: SpacyRates;
  readonly metrics?: MetricsRates;
}
