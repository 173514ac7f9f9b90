import { messageOf, ValidationError } from '#shared/errors.ts';

/** A sentence whose words are tagged. */
export interface TaggedSentence {
  readonly words: readonly string[];
  /** One a word. */
  readonly tags: readonly string[];
}

/**
 * Reads sentences, a word a line.
 *
 * @param parse what a line holds: a word and its tag, nothing (`undefined`), or the end of a sentence; throws what is wrong
 * @throws {ValidationError} naming the line
 */
export function readSentences(
  text: string,
  parse: (line: string) => readonly [word: string, tag: string] | 'end' | undefined,
): TaggedSentence[] {
  const sentences: TaggedSentence[] = [];
  let words: string[] = [];
  let tags: string[] = [];
  const finish = () => {
    if (words.length > 0) sentences.push({ words, tags });
    words = [];
    tags = [];
  };
  text.split(/\r?\n/).forEach((line, index) => {
    let parsed: ReturnType<typeof parse>;
    try {
      parsed = parse(line);
    } catch (error) {
      const field = `line ${index + 1}`;
      throw new ValidationError(field, `${field}: ${messageOf(error)}`, { cause: error });
    }
    if (parsed === 'end') finish();
    else if (parsed) {
      words.push(parsed[0]);
      tags.push(parsed[1]);
    }
  });
  finish();
  return sentences;
}

/**
 * Reads named entities in columns of the CoNLL kind: a word a line, its tag (`O`, `B-TYPE` or `I-TYPE`) in the last column, a blank
 * line between sentences. Columns are parted by tabs where a line has one, else by spaces; `-DOCSTART-` lines are left out.
 *
 * @throws {ValidationError} naming the line that has no tag.
 */
export const readTaggedSentences = (text: string): TaggedSentence[] =>
  readSentences(text, (line) => {
    const columns =
      line.trim() === '' ? [] : line.trimEnd().split(line.includes('\t') ? '\t' : / +/);
    const word = columns[0]?.trim() ?? '';
    if (word === '' || word === '-DOCSTART-') return 'end';
    const tag = columns.length > 1 ? columns.at(-1)?.trim() : undefined;
    if (tag !== undefined && /^(O|[BI]-.+)$/.test(tag)) return [word, tag];
    throw new Error('the last column must be O, B-TYPE or I-TYPE');
  });
