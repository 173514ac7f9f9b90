import type { BenchResult } from './result.ts';

/** Parts that can be measured alone. */
export const parts = [
  'throughput',
  'coldStart',
  'gemm',
  'overhead',
  'repeats',
  'tokenizers',
  'tasks',
  'heads',
  'memory',
  'spacy',
  'metrics',
] as const;
/** One of them. */
export type Part = (typeof parts)[number];

interface FigureKind {
  readonly name: string;
  readonly part: Part;
  /** Whether more is better, or less. */
  readonly better: 'more' | 'less';
  /** Differs between equal runs by too much to be held to earlier ones. */
  readonly unsteady?: true;
  /** To be reached, by whether the processor has VNNI. */
  readonly goal?: { readonly vnni?: number; readonly plain?: number };
  read(result: BenchResult): number | undefined;
}

const both = (value: number) => ({ vnni: value, plain: value });

/** What is told of a run in one number each: ratios taken within it, which other work on the machine moves little, and the cost. */
const kinds: readonly FigureKind[] = [
  {
    ...{ name: 'entities, int8 over fp32 one by one', part: 'throughput', better: 'more' },
    goal: { vnni: 4.5, plain: 3.5 },
    read: ({ ner }) => ner?.ratios.int8ToFp32OneByOne,
  },
  {
    // The rival uses both processors for one sentence, and so feels all else that runs on them.
    ...{ name: 'entities, int8 over q8 one by one', part: 'throughput', better: 'more' },
    unsteady: true,
    goal: { vnni: 2.5, plain: 2.2 },
    read: ({ ner }) => ner?.ratios.int8ToQ8OneByOne,
  },
  {
    ...{ name: 'entities, fp32 over fp32 one by one', part: 'throughput', better: 'more' },
    read: ({ ner }) => ner?.ratios.fp32ToFp32OneByOne,
  },
  {
    ...{ name: 'answers, int8 over fp32 one by one', part: 'throughput', better: 'more' },
    read: ({ qa }) => qa?.ratios.int8ToFp32OneByOne,
  },
  {
    ...{ name: 'answers, int8 over q8 one by one', part: 'throughput', better: 'more' },
    unsteady: true,
    read: ({ qa }) => qa?.ratios.int8ToQ8OneByOne,
  },
  {
    ...{ name: 'US dollars per million 1 KB records', part: 'throughput', better: 'less' },
    goal: both(5),
    read: ({ usdPerMillionRecords }) => usdPerMillionRecords,
  },
  {
    ...{ name: 'entities over spaCy md ner, a processor second', part: 'spacy', better: 'more' },
    goal: { plain: 1 },
    read: ({ spacy }) => (spacy && 'oursOverNer' in spacy ? spacy.oursOverNer : undefined),
  },
  {
    ...{ name: 'all heads in one pass over entities', part: 'heads', better: 'less' },
    goal: both(1.15),
    read: ({ heads }) => heads?.allOverEntities,
  },
  {
    ...{ name: 'share of the int8 GEMM rate', part: 'gemm', better: 'more' },
    goal: { vnni: 0.6 },
    read: ({ gemm }) => gemm?.int8.share,
  },
  {
    ...{ name: 'share of the fp32 GEMM rate', part: 'gemm', better: 'more' },
    read: ({ gemm }) => gemm?.fp32.share,
  },
  {
    ...{ name: 'share of consumer time that is not inference', part: 'overhead', better: 'less' },
    goal: both(0.1),
    read: ({ overhead }) => overhead?.share,
  },
  {
    ...{ name: 'cold start over a bare session', part: 'coldStart', better: 'less' },
    goal: both(2),
    read: ({ coldStart }) =>
      coldStart && coldStart.milliseconds / coldStart.bareSessionMilliseconds,
  },
  {
    ...{ name: 'consumer time with memory of texts, repeating', part: 'repeats', better: 'less' },
    read: ({ repeats }) => repeats?.repeating?.seenOverUnseen,
  },
  {
    ...{ name: 'tokenizer over the other, WordPiece', part: 'tokenizers', better: 'more' },
    read: ({ tokenizers }) => tokenizers?.['bert-uncased']?.ratio,
  },
  {
    ...{ name: 'tokenizer over the other, Unigram', part: 'tokenizers', better: 'more' },
    read: ({ tokenizers }) => tokenizers?.['xlm-roberta']?.ratio,
  },
];

/** A figure of one run. */
export interface Figure {
  readonly name: string;
  readonly part: Part;
  readonly better: 'more' | 'less';
  readonly value: number;
  /** Whether it may be held to earlier runs. */
  readonly steady: boolean;
}

/** A figure that a goal was set for. */
export interface Goal {
  readonly name: string;
  readonly goal: number;
  readonly value: number;
  readonly met: boolean;
}

/** The figures of what was measured. */
export function figuresOf(result: BenchResult): Figure[] {
  return kinds.flatMap(({ name, part, better, unsteady, read }) => {
    const value = read(result);
    return value === undefined ? [] : [{ name, part, better, value, steady: !unsteady }];
  });
}

/** How what was measured stands to the goals for its processor. */
export function goalsOf(result: BenchResult): Goal[] {
  return kinds.flatMap(({ name, better, goal, read }) => {
    const value = read(result);
    const wanted = result.processor.vnni ? goal?.vnni : goal?.plain;
    if (value === undefined || wanted === undefined) return [];
    return [
      { name, goal: wanted, value, met: better === 'more' ? value >= wanted : value <= wanted },
    ];
  });
}
