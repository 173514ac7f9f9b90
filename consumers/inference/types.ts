import type { Logger } from '#shared/log.ts';
import type { TextEngine } from '#shared/nlp/types.ts';
import type { GetBatch } from '#shared/results-table/get-items.ts';
import type { ResultOptions } from '#shared/results-table/result-item.ts';
import type { ResultsWriter } from '#shared/results-table/write-items.ts';
import type { DecodedRecord } from '#shared/stream/decode-record.ts';
import type { Pace } from './pace.ts';
import type { PutFailure } from './park-failures.ts';

/** What the inference consumer works with. */
export interface InferenceDeps {
  readonly engine: TextEngine;
  readonly writer: ResultsWriter;
  /** Asks the table which records of a large aggregate an earlier delivery made durable. */
  readonly getBatch: GetBatch;
  readonly putFailure: PutFailure;
  readonly pace: Pace;
  readonly options: ResultOptions;
  /** Questions by source, for records that bring none. */
  readonly standingQuestions: Readonly<Record<string, readonly string[]>>;
  readonly log: Logger;
  readonly now: () => number;
}

/** A decoded record with the questions it is asked and its weight, in characters that the models read. */
export type Entry = DecodedRecord & {
  readonly questions: readonly string[];
  readonly weight: number;
};
