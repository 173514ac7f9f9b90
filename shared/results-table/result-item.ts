import { createHash } from 'node:crypto';
import { isProbe, PROBE_RETENTION_DAYS } from '#shared/contracts/canary.ts';
import { type Asked, contentHashOf, type ResultItem, resultKey } from '#shared/contracts/result.ts';
import type { TextRecord } from '#shared/contracts/text-record.ts';
import { SOURCE_INDEX_SLOTS } from '#shared/names.ts';
import type { PersonalDataKind, RedactionMode } from '#shared/nlp/personal-data/kinds.ts';
import type { Analysis, AnalysisRequest, PersonalData } from '#shared/nlp/types.ts';

/** What is kept of results, and how long. */
export interface ResultOptions {
  /** Keep the text with the result. */
  readonly storeText: boolean;
  /** Days from arrival until a result expires; 0 keeps it for ever. */
  readonly retentionDays: number;
  /** How personal data is hidden before anything is stored; nothing is hidden where left out. */
  readonly redaction?: Redaction;
}

/** What of personal data is hidden, how, and the key that its tags and content hashes are made with. */
export interface Redaction {
  readonly mode: RedactionMode;
  readonly kinds?: readonly PersonalDataKind[] | undefined;
  readonly key: string;
}

/** Where and when a text arrived. */
export interface Arrival {
  /** ISO 8601 in UTC with milliseconds. */
  readonly arrivedAt: string;
  readonly shard: string;
  readonly sequenceNumber: string;
}

const MILLION = 1_000_000;
const toSixDecimals = (value: number): number => Math.round(value * MILLION) / MILLION;
const rounded = (score: number): number => toSixDecimals(Math.min(1, Math.max(0, score)));

/** With its score as it is kept: rounded to six decimals. */
export const withRoundedScore = <Scored extends { readonly score: number }>(scored: Scored) => ({
  ...scored,
  score: rounded(scored.score),
});

/** A label as it is kept: its score need not be a probability. */
const storedLabel = (label: Analysis['labels'][number]) => ({
  ...label,
  score: toSixDecimals(label.score),
});

/** Personal data as it is kept: without the rule that found it. */
export const personalDataOf = ({ kind, text, start, end, score }: PersonalData) => ({
  ...{ kind, text, start, end },
  score: rounded(score),
});

/** An answer as it is kept: its scores rounded to six decimals. */
export function storedAnswer(answer: Analysis['answers'][number]) {
  return {
    ...answer,
    score: rounded(answer.score),
    noAnswerScore: rounded(answer.noAnswerScore),
  };
}

/** Days for which what came of a record is kept; 0 is for ever. */
export const retentionOf = (
  record: Pick<TextRecord, 'source'> | undefined,
  { retentionDays }: ResultOptions,
): number => (record && isProbe(record) ? PROBE_RETENTION_DAYS : retentionDays);

/** Expiry in epoch seconds of what arrived then; undefined where it is kept for ever. */
export function expiryOf(arrivedAt: string, retentionDays: number): number | undefined {
  if (retentionDays <= 0) return undefined;
  return Math.floor(Date.parse(arrivedAt) / 1000) + Math.round(retentionDays * 86_400);
}

/** What a result is made of; what was asked is the record's own or its source's standing settings'. */
export interface ResultContent extends Asked {
  readonly record: Pick<TextRecord, 'id' | 'text' | 'source' | 'createdAt' | 'attributes'>;
  /** Set for on-demand calls, so that they never overwrite a streamed record's result. */
  readonly scope?: string;
  /** What was not asked for may be left out. */
  readonly analysis: Partial<Analysis> &
    Pick<Analysis, 'entities' | 'answers' | 'tokens' | 'windows'>;
  readonly pipelineVersion: string;
  readonly arrival: Arrival;
}

/** What the engine is to do for a text; where personal data is to be hidden it has to be found, asked for or not. */
export function requestOf(
  text: string,
  { questions, tasks, language }: Asked,
  { redaction }: ResultOptions,
): AnalysisRequest {
  return {
    text,
    questions,
    ...(tasks && { tasks }),
    ...(redaction && { also: ['pii'] }),
    ...(language !== undefined && { language }),
  };
}

/** Key of the result of a text that is brought and asked so. */
export function keyOf(
  content: Asked & Pick<ResultContent, 'record' | 'scope'>,
  pipelineVersion: string,
  { redaction }: ResultOptions,
) {
  const { record, scope } = content;
  const { id, text, source, createdAt, attributes } = record;
  const hidden = redaction && {
    key: redaction.key,
    also: [redaction.mode, redaction.kinds, source, createdAt, attributes],
  };
  return resultKey(id, pipelineVersion, contentHashOf(text, content, scope, hidden));
}

/**
 * The item of one text, a pure function of what it is made of and the options, so that writing it twice is harmless. Nothing
 * is hidden here: `createStoredResult` does that where the options say so. Scores are rounded to six decimals; of several answers to a question the best is
 * kept.
 */
export function createResultItem(
  content: ResultContent,
  options: ResultOptions,
  key = keyOf(content, content.pipelineVersion, options),
): ResultItem {
  const { record, questions, tasks, analysis, pipelineVersion, arrival } = content;
  const { language, unserved = [], labels = [], tags = [], pii = [] } = analysis;
  const expiresAt = expiryOf(arrival.arrivedAt, retentionOf(record, options));
  return {
    ...key,
    sourceKey: sourceKeyOf(record.source, slotOf(record.id)),
    sourceOrder: sourceOrderOf(arrival.arrivedAt, record.id, key.sk),
    id: record.id,
    source: record.source,
    pipelineVersion,
    contentHash: key.sk.slice(key.sk.lastIndexOf('#') + 1),
    ...(options.storeText && { text: record.text }),
    ...(questions.length > 0 && { questions: [...questions] }),
    ...(record.createdAt !== undefined && { createdAt: record.createdAt }),
    ...(record.attributes !== undefined && { attributes: record.attributes }),
    ...(tasks && { tasks: [...tasks] }),
    ...(language !== undefined && { language }),
    ...(unserved.length > 0 && { unserved: [...unserved] }),
    entities: analysis.entities.map(withRoundedScore),
    answers: bestAnswers(analysis, questions).map(storedAnswer),
    ...(labels.length > 0 && { labels: labels.map(storedLabel) }),
    ...(tasks?.includes('tags') && { tags: tags.map(withRoundedScore) }),
    ...(tasks?.includes('pii') && { pii: pii.map(personalDataOf) }),
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
