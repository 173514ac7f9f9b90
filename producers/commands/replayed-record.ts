import { contentHashOf, type ResultItem } from '#shared/contracts/result.ts';
import type { TextRecordInput } from '#shared/contracts/text-record.ts';

/** What a text's language is called that could not be told. */
const UNKNOWN_LANGUAGE = 'und';

/** What a stored result gives back of the record that it was made of, or why nothing. */
export type Replayed =
  | {
      readonly record: TextRecordInput;
      /** Whether it asks the very same; else its language was said by a finer tag than is stored, or it was asked over HTTP. */
      readonly isSame: boolean;
    }
  | { readonly leftOut: 'withoutText' | 'redacted' };

/**
 * The record of a stored result, with all that was asked of its text. Whether its language was said or told is not stored; the
 * content hash gives it away.
 */
export function replayedRecord(result: ResultItem): Replayed {
  const { id, text, source, questions, createdAt, attributes, tasks, language } = result;
  // What is left of the text is another text.
  if (result.redacted !== undefined) return { leftOut: 'redacted' };
  if (text === undefined) return { leftOut: 'withoutText' };
  const record = {
    ...{ id, text, source },
    ...(questions && { questions }),
    ...(createdAt !== undefined && { createdAt }),
    ...(attributes && { attributes }),
    ...(tasks && { tasks }),
  };
  const said = language === undefined || language === UNKNOWN_LANGUAGE ? {} : { language };
  for (const asked of [{}, said]) {
    const hash = contentHashOf(text, { questions: questions ?? [], tasks, ...asked });
    if (hash === result.contentHash) return { record: { ...record, ...asked }, isSame: true };
  }
  return { record: { ...record, ...said }, isSame: false };
}
