import type { ResultItem } from '#shared/contracts/result.ts';
import {
  createResultItem,
  keyOf,
  personalDataOf,
  type ResultContent,
  type ResultOptions,
} from './result-item.ts';

/** Its rules take long to compile, and most deployments hide nothing. */
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
  const { record, questions, analysis } = content;
  const { mode, key, kinds } = redaction;
  const { redactAnalysis } = await loadPersonalData();
  const hidden = redactAnalysis(
    {
      questions,
      pii: (analysis.pii ?? []).filter(({ kind }) => kinds?.includes(kind) ?? true),
      text: record.text,
      entities: analysis.entities,
      answers: analysis.answers,
      ...(analysis.tags && { tags: analysis.tags }),
      ...(record.attributes && { attributes: record.attributes }),
    },
    { mode, key, language: analysis.language ?? 'und', ...(kinds && { kinds }) },
  );
  const { text, attributes, questions: asked, ...spans } = hidden;
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
  return { ...item, pii: spans.pii.map(personalDataOf), redacted: mode };
}

/** A message that may name a field as a record had it, and so hold personal data, as it may be stored. */
export async function hideInMessage(
  message: string,
  { redaction }: ResultOptions,
): Promise<string> {
  if (!redaction) return message;
  const { findPersonalData, redact } = await loadPersonalData();
  return redact(message, findPersonalData(message, { language: 'und' }), redaction).text;
}
