import { createHash } from 'node:crypto';
import { contentHashOf, type ResultItem, resultKey } from '#shared/contracts/result.ts';
import type { TextRecord } from '#shared/contracts/text-record.ts';
import { SOURCE_INDEX_SLOTS } from '#shared/names.ts';
import type { Analysis } from '#shared/nlp/types.ts';

/** What is kept of results, and how long. */
export interface ResultOptions {
  /** Keep the text with the result. */
  readonly storeText: boolean;
  /** Days from arrival until a result expires; 0 keeps it for ever. */
  readonly retentionDays: number;
}

/** Where and when a text arrived. */
export interface Arrival {
  /** ISO 8601 in UTC with milliseconds. */
  readonly arrivedAt: string;
  readonly shard: string;
  readonly sequenceNumber: string;
}

const MILLION = 1_000_000;
const rounded = (score: number): number =>
  Math.round(Math.min(1, Math.max(0, score)) * MILLION) / MILLION;

/** An answer as it is kept: its scores rounded to six decimals. */
export function storedAnswer(answer: Analysis['answers'][number]) {
  return {
    ...answer,
    score: rounded(answer.score),
    noAnswerScore: rounded(answer.noAnswerScore),
  };
}

/** Expiry in epoch seconds of what arrived then; undefined where it is kept for ever. */
export function expiryOf(arrivedAt: string, retentionDays: number): number | undefined {
  if (retentionDays <= 0) return undefined;
  return Math.floor(Date.parse(arrivedAt) / 1000) + Math.round(retentionDays * 86_400);
}

/**
 * The item of one text: a pure function of the record, the pipeline and the arrival, so that writing it twice is harmless.
 * Scores are rounded to six decimals; of several answers to a question the best is kept.
 *
 * @param content.questions as they were asked: the record's own or its source's standing ones
 * @param content.scope set for on-demand calls, so that they never overwrite a streamed record's result
 */
export function createResultItem(
  content: {
    readonly record: Omit<TextRecord, 'questions'>;
    readonly questions: readonly string[];
    readonly scope?: string;
    readonly analysis: Pick<Analysis, 'entities' | 'answers' | 'tokens' | 'windows'>;
    readonly pipelineVersion: string;
    readonly arrival: Arrival;
  },
  options: ResultOptions,
): ResultItem {
  const { record, questions, analysis, pipelineVersion, arrival } = content;
  const contentHash = contentHashOf(record.text, questions, content.scope);
  const key = resultKey(record.id, pipelineVersion, contentHash);
  const expiresAt = expiryOf(arrival.arrivedAt, options.retentionDays);
  return {
    ...key,
    sourceKey: sourceKeyOf(record.source, slotOf(record.id)),
    sourceOrder: sourceOrderOf(arrival.arrivedAt, record.id, key.sk),
    id: record.id,
    source: record.source,
    pipelineVersion,
    contentHash,
    ...(options.storeText && { text: record.text }),
    ...(questions.length > 0 && { questions: [...questions] }),
    ...(record.createdAt !== undefined && { createdAt: record.createdAt }),
    ...(record.attributes !== undefined && { attributes: record.attributes }),
    entities: analysis.entities.map((entity) => ({ ...entity, score: rounded(entity.score) })),
    answers: bestAnswers(analysis, questions).map(storedAnswer),
    tokens: analysis.tokens,
    windows: analysis.windows,
    arrivedAt: arrival.arrivedAt,
    shard: arrival.shard,
    sequenceNumber: arrival.sequenceNumber,
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** Answers come question by question, best first: the first of each run is the best. */
function bestAnswers(analysis: Pick<Analysis, 'answers'>, questions: readonly string[]) {
  const best: Analysis['answers'][number][] = [];
  let at = 0;
  for (const question of questions) {
    while (at < analysis.answers.length && analysis.answers[at]?.question !== question) at++;
    const answer = analysis.answers[at];
    if (answer) best.push(answer);
    at++;
  }
  return best;
}

/** Index partition of one slot of a source. */
export function sourceKeyOf(source: string, slot: number): string {
  return `SRC#${source}#${slot}`;
}

/** Slot of a record: the same for the same id. */
function slotOf(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE(0) % SOURCE_INDEX_SLOTS;
}

/** Index sort key: by arrival, then unique within the index. */
function sourceOrderOf(arrivedAt: string, id: string, sk: string): string {
  return `${arrivedAt}#${id}#${sk}`;
}
