import { ValidationError } from '#shared/errors.ts';

/** A sentence whose words are tagged, as named entity corpora have them. */
export interface TaggedSentence {
  readonly words: readonly string[];
  /** `O`, `B-TYPE` or `I-TYPE`, one a word. */
  readonly tags: readonly string[];
}

/**
 * Reads columns of the CoNLL kind: a word a line, its tag in the last column, a blank line between sentences. Columns are
 * parted by tabs where a line has one, else by spaces; `-DOCSTART-` lines are left out.
 *
 * @throws {ValidationError} naming the line that has no tag.
 */
export function readTaggedSentences(text: string): TaggedSentence[] {
  const sentences: TaggedSentence[] = [];
  let words: string[] = [];
  let tags: string[] = [];
  const finish = () => {
    if (words.length > 0) sentences.push({ words, tags });
    words = [];
    tags = [];
  };
  text.split(/\r?\n/).forEach((line, index) => {
    const columns =
      line.trim() === '' ? [] : line.trimEnd().split(line.includes('\t') ? '\t' : / +/);
    const word = columns[0]?.trim() ?? '';
    if (word === '' || word === '-DOCSTART-') {
      finish();
      return;
    }
    const tag = columns.length > 1 ? columns.at(-1)?.trim() : undefined;
    if (tag === undefined || !/^(O|[BI]-.+)$/.test(tag)) {
      const field = `line ${index + 1}`;
      throw new ValidationError(field, `${field}: the last column must be O, B-TYPE or I-TYPE`);
    }
    words.push(word);
    tags.push(tag);
  });
  finish();
  return sentences;
}
