import type { Rejection } from '#shared/contracts/rejection.ts';
import type { Asked } from '#shared/contracts/result.ts';
import type { PutFailure } from '#shared/dead-letters/write.ts';
import type { Logger } from '#shared/log.ts';
import type { TextEngine } from '#shared/nlp/types.ts';
import type { GetBatch } from '#shared/results-table/get-items.ts';
import type { ResultOptions } from '#shared/results-table/result-item.ts';
import type { ResultsWriter } from '#shared/results-table/write-items.ts';
import type { Standing } from '#shared/settings/standing.ts';
import type { DecodedRecord } from '#shared/stream/decode-record.ts';
import type { Pace } from './pace.ts';
import type { SeenTexts } from './seen-texts.ts';

/** What the inference consumer works with. */
export interface InferenceDeps {
  readonly engine: TextEngine;
  readonly writer: ResultsWriter;
  /** Asks the table what earlier deliveries made of records. */
  readonly getBatch: GetBatch;
  readonly putFailure: PutFailure;
  readonly pace: Pace;
  readonly seen: SeenTexts;
  readonly options: ResultOptions;
  /** What is asked by source, for records that do not say. */
  readonly standing: Standing;
  readonly log: Logger;
  readonly now: () => number;
  /** A signal that aborts after so many milliseconds; by default `AbortSignal.timeout`. */
  readonly signalAfter?: (milliseconds: number) => AbortSignal;
}

/** A decoded record with what is asked of it and its weight, in characters that the models read. */
export type BatchRecord = DecodedRecord & {
  readonly asked: Asked;
  readonly weight: number;
};

/**
 * What has become of a record in a delivery. `pending` is not settled yet, and is to be parked where it has a rejection, which is
 * `claimed` where the table names it already; `stored` and `parked` are durable; `late` is not, and must be delivered again: `slow` where inference did not end in time.
 */
export type RecordOutcome =
  | { readonly state: 'pending'; readonly rejection?: Rejection; readonly claimed?: true }
  | { readonly state: 'stored' }
  | { readonly state: 'parked' }
  | { readonly state: 'late'; readonly why: string; readonly slow?: true };

/** The outcome of every record of a slice, in stream order. */
export type RecordOutcomes = Map<BatchRecord, RecordOutcome>;
