import type { Rejection } from '#shared/contracts/rejection.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import type { PersonalData } from '#shared/nlp/personal-data/kinds.ts';
import {
  createResultItem,
  keyOf,
  personalDataOf,
  type ResultContent,
  type ResultOptions,
} from './result-item.ts';

/** Loaded where something is to be hidden: the rules would cost every function's start a third of its time. */
const loadPersonalData = () => import('#shared/nlp/personal-data/index.ts');

/**
 * The item of one text as it is stored, personal data hidden where the options say so: a pure function of the record, the
 * pipeline, the options and the arrival, so that writing it twice is harmless.
 */
export async function createStoredResult(
  content: ResultContent,
  options: ResultOptions,
): Promise<ResultItem> {
  const { redaction } = options;
  if (!redaction) return createResultItem(content, options);
  const { findPersonalData, redactAnalysis } = await loadPersonalData();
  const { record, questions, analysis } = content;
  const { mode, key, kinds } = redaction;
  const language = analysis.language ?? 'und';
  // What was not looked for is looked for now: nothing is stored that was not.
  const found =
    analysis.pii && !analysis.unserved?.includes('pii')
      ? analysis.pii
      : findPersonalData(record.text, { language, entities: analysis.entities });
  const isToBeHidden = ({ kind }: PersonalData): boolean => kinds?.includes(kind) ?? true;
  const hidden = redactAnalysis(
    {
      questions,
      pii: found.filter(isToBeHidden),
      text: record.text,
      entities: analysis.entities,
      answers: analysis.answers,
      ...(analysis.tags && { tags: analysis.tags }),
      ...(record.attributes && { attributes: record.attributes }),
    },
    { mode, key, language, ...(kinds && { kinds }) },
  );
  const { text, attributes, questions: asked, hide: _, move, ...spans } = hidden;
  // Kinds that stay in the text are told only to who asked for personal data.
  const shown = content.tasks?.includes('pii')
    ? found.flatMap((span) => (isToBeHidden(span) ? [] : (move(span) ?? [])))
    : [];
  const pii = [...spans.pii, ...shown].sort((a, b) => a.start - b.start);
  const item = createResultItem(
    {
      ...content,
      questions: asked,
      record: { ...record, text, ...(record.attributes && { attributes }) },
      analysis: { ...analysis, ...spans },
    },
    options,
    // The key is of what was brought, not of what is left of it.
    keyOf(content, content.pipelineVersion, options),
  );
  return { ...item, pii: pii.map(personalDataOf), redacted: mode };
}

/** Why a record was rejected, as it may be stored: no rule would know every name that a record may bring for a field. */
export async function messageToStore(
  { message, unnamed }: Rejection,
  { redaction }: ResultOptions,
): Promise<string> {
  if (!redaction) return message;
  if (unnamed !== undefined) return unnamed;
  const { findPersonalData, redact } = await loadPersonalData();
  return redact(message, findPersonalData(message, { language: 'und' }), redaction).text;
}
