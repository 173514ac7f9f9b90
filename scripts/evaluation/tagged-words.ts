import { ValidationError } from '#shared/errors.ts';

/** A sentence whose words have their part of speech (UPOS). */
export interface PosSentence {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Reads parts of speech, a word a line and a blank line between sentences: word, UPOS and XPOS parted by tabs, or the ten columns
 * of CoNLL-U, of which ranges and empty words are left out. Lines that begin with `# ` are comments.
 *
 * @throws {ValidationError} naming the line that has no tag
 */
export function readPosSentences(text: string): PosSentence[] {
  const sentences: PosSentence[] = [];
  let words: string[] = [];
  let tags: string[] = [];
  const finish = () => {
    if (words.length > 0) sentences.push({ words, tags });
    words = [];
    tags = [];
  };
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '') {
      finish();
      return;
    }
    const columns = line.split('\t');
    if (columns.length === 1 && line.startsWith('#')) return;
    const isConllu = columns.length >= 8 && /^\d+(?:[-.]\d+)?$/.test(columns[0] ?? '');
    if (isConllu && /\D/.test(columns[0] ?? '')) return;
    const [word, tag] = isConllu ? [columns[1], columns[3]] : columns;
    if (!word || !tag || !/^[A-Z]+$|^_$/.test(tag)) {
      const field = `line ${index + 1}`;
      throw new ValidationError(field, `${field}: must be a word and its UPOS, parted by a tab`);
    }
    words.push(word);
    tags.push(tag);
  });
  finish();
  return sentences;
}

/** Languages that are written without spaces between words. */
const withoutSpaces: ReadonlySet<string> = new Set(['ja', 'zh', 'th', 'lo', 'km', 'my']);

/** What stands between the words of a language. */
export function gapOf(language: string | undefined): '' | ' ' {
  return withoutSpaces.has(language?.toLowerCase().split('-')[0] ?? '') ? '' : ' ';
}

/** For each word the tag over its first unit, else the first one in it; undefined where there is none. */
export function tagsOfWords(
  words: readonly string[],
  gap: string,
  tags: readonly { readonly tag: string; readonly start: number; readonly end: number }[],
): (string | undefined)[] {
  const sorted = tags.toSorted((a, b) => a.start - b.start);
  let next = 0;
  let start = 0;
  return words.map((word) => {
    const end = start + word.length;
    while (next < sorted.length && (sorted[next]?.end ?? 0) <= start) next++;
    const tag = sorted[next];
    start = end + gap.length;
    return tag !== undefined && tag.start < end ? tag.tag : undefined;
  });
}
