import type { InferenceError } from '#shared/errors.ts';
import type { PersonalData } from './personal-data/kinds.ts';

export type { PersonalData } from './personal-data/kinds.ts';

/** A named entity; `start` and `end` are UTF-16 offsets, so that `text.slice(start, end) === entity.text`. */
export interface Entity {
  readonly type: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Probability, 0 to 1. */
  readonly score: number;
}

/** The answer to one question; `text`, `start` and `end` are null when the context does not say. */
export interface Answer {
  readonly question: string;
  readonly text: string | null;
  readonly start: number | null;
  readonly end: number | null;
  /** Probability of the span (of the null answer where `text` is null), 0 to 1. */
  readonly score: number;
  /** Probability that the context does not hold the answer, 0 to 1. */
  readonly noAnswerScore: number;
}

/** What can be asked of a text. */
export const taskNames = ['entities', 'answers', 'labels', 'tags', 'pii'] as const;
/** See {@link taskNames}. */
export type TaskName = (typeof taskNames)[number];

/** What a text is about as a whole, by one classifier. */
export interface Label {
  /** Name of the classifier, such as `sentiment`. */
  readonly task: string;
  readonly label: string;
  /** Probability, 0 to 1; the number itself where the classifier gives a quantity. */
  readonly score: number;
}

/** A word's part of speech; `text.slice(start, end)` is the word. */
export interface Tag {
  /** As the model names it: UPOS, as a rule. */
  readonly tag: string;
  readonly start: number;
  readonly end: number;
  /** Probability, 0 to 1. */
  readonly score: number;
}

/** One text and what is asked of it. */
export interface AnalysisRequest {
  readonly text: string;
  readonly questions?: readonly string[];
  /**
   * By default `entities` where a model is loaded for it, `answers` where there are questions, and `labels` where a model
   * serves them in the text's language unasked.
   */
  readonly tasks?: readonly TaskName[];
  /** Asked for beside `tasks`, or beside what is asked by default. */
  readonly also?: readonly TaskName[];
  /** BCP 47; detected where it is left out and a model depends on it. */
  readonly language?: string;
  /** Answers wanted for each question (by default 1) and labels of each classifier (as its settings say), best first. */
  readonly topK?: number;
}

/** What the models say of one text. What was not asked for is empty. */
export interface Analysis {
  /** BCP 47 primary tag: the request's, or the detected one; `und` where neither tells. */
  readonly language: string;
  /** Tasks that were asked for and that no loaded model serves in that language; they are empty. */
  readonly unserved: readonly TaskName[];
  readonly entities: readonly Entity[];
  /** In the order of the questions; `topK` consecutive answers at most for each. */
  readonly answers: readonly Answer[];
  /** One classifier after the other, best first. */
  readonly labels: readonly Label[];
  /** One a word, in their order. */
  readonly tags: readonly Tag[];
  readonly pii: readonly PersonalData[];
  /** Tokens of the text, special tokens not counted. */
  readonly tokens: number;
  /** Model windows that the text was read in (the most that one task took). */
  readonly windows: number;
}

/** Each request settles by itself: one text that fails never takes its neighbours along. */
export type AnalysisOutcome =
  | { readonly ok: true; readonly value: Analysis }
  | { readonly ok: false; readonly error: InferenceError };

/** A figure of a model's card. */
export interface Figure {
  readonly task: TaskName;
  /** Of the classifier, where a model has several. */
  readonly name?: string | undefined;
  /** The data set that it was measured on. */
  readonly data: string;
  /** Such as `F1`. */
  readonly metric: string;
  /** In per cent. */
  readonly value: number;
}

/** Name and content hash of a loaded model, what it is used for, and what its card says of how well. */
export interface ModelIdentity {
  readonly name: string;
  readonly tasks: readonly TaskName[];
  /** BCP 47 primary tags, or `*` for any. */
  readonly languages: readonly string[];
  /** First 12 hex digits of the SHA-256 over its files' sums. */
  readonly version: string;
  /** Those that are used; their labels by output column, none where the task has none. */
  readonly heads: readonly {
    readonly task: TaskName;
    readonly name: string;
    readonly labels: readonly string[];
  }[];
  /** None where its manifest entry has none. */
  readonly figures: readonly Figure[];
}

/** What may be said with a call of `analyze`. */
export interface AnalyzeOptions {
  /** Gives the call up: it rejects at once with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Text in, spans out: what the stream consumer and the HTTP consumer both call. */
export interface TextEngine {
  /** Short hash of the models and decoding settings; equal versions give equal spans. */
  readonly pipelineVersion: string;
  readonly models: readonly ModelIdentity[];
  /**
   * Runs all requests as one job; outcomes come back in the order of the requests. An outcome that is not `ok` is its
   * text's own fault: it failed alone while the engine was healthy.
   *
   * @throws {EngineError} the engine is ill or closed; no text is at fault, and a later call may succeed
   * @throws `options.signal.reason` as soon as the signal aborts; what does not run yet is dropped
   */
  analyze(
    requests: readonly AnalysisRequest[],
    options?: AnalyzeOptions,
  ): Promise<AnalysisOutcome[]>;
  /** Ends the workers. */
  close(): Promise<void>;
}

/** A text without special tokens, as its tokenizer sees it: parallel arrays, one element a token. */
export interface Encoding {
  readonly ids: Int32Array;
  /** UTF-16 offsets into the original text, through every normalization. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Index of the pre-tokenized word that each token is a piece of; never decreasing. */
  readonly wordIds: Int32Array;
}

/** Text to ids with offsets; made from `tokenizer.json`. */
export interface Tokenizer {
  /** The text without special tokens; added tokens that are written out in it are found. */
  encode(text: string): Encoding;
  readonly special: SpecialTokens;
  /** What stands around one sequence. */
  readonly single: Frame;
  /** What stands around two of them. */
  readonly pair: Frame;
  /** Added tokens that the model's own vocabulary lacks are at its end. */
  readonly vocabulary: Vocabulary;
  /** What tokens that continue a word are written with, such as `##`; undefined where the model has no such mark. */
  readonly continuingPrefix: string | undefined;
}

/** Ids of the tokens that fill a window, and of what the vocabulary does not have. */
export interface SpecialTokens {
  /** The first of those before a sequence; `pad` where there is none. */
  readonly cls: number;
  /** The last of those after a sequence; `pad` where there is none. */
  readonly sep: number;
  /** 0 where the tokenizer names none: padding is masked anyway. */
  readonly pad: number;
  /** Undefined where every text can be spelled, as with byte-level vocabularies. */
  readonly unk: number | undefined;
}

/** The tokens that a tokenizer puts around one or two sequences, and the segment ids of all of them. */
export interface Frame {
  readonly prefix: FramePart;
  /** Between two sequences; empty around one. */
  readonly middle: FramePart;
  readonly suffix: FramePart;
  /** Segment id of the first sequence's tokens. */
  readonly first: number;
  /** Segment id of the second sequence's tokens; that of the first where there is one. */
  readonly second: number;
}

/** Special tokens in a row with their segment ids. */
export interface FramePart {
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
}

/** A tokenizer's tokens and their ids, in parallel. */
export interface Vocabulary {
  readonly tokens: readonly string[];
  readonly ids: Int32Array;
}

/** One row of a model's batch: ids with special tokens, and segment ids, of equal length. */
export interface ModelWindow {
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
}

/** One output of the model for one window: row by row `width` values; whatever follows a text's tokens is padding's. */
export interface OutputRow {
  readonly values: Float32Array;
  /** Last dimension of the output. */
  readonly width: number;
}

/** What the model gave for one window, by output name. */
export type WindowOutput = Readonly<Record<string, OutputRow>>;

/** One task in two pure steps: what to run, and what the outputs mean. */
export interface PreparedJob<T> {
  readonly windows: readonly ModelWindow[];
  /** @param outputs one per window, in their order */
  decode(outputs: readonly WindowOutput[]): T;
}
