import type { Tag } from '#shared/nlp/types.ts';
import { readSentences, type TaggedSentence } from './tagged-sentences.ts';

/**
 * Reads parts of speech, a word a line and a blank line between sentences: word, UPOS and XPOS parted by tabs, or the ten columns
 * of CoNLL-U, of which ranges and empty words are left out. Lines that begin with `# ` are comments.
 *
 * @throws {ValidationError} naming the line that has no tag
 */
export const readPosSentences = (text: string): TaggedSentence[] =>
  readSentences(text, (line) => {
    if (line.trim() === '') return 'end';
    const columns = line.split('\t');
    if (columns.length === 1 && line.startsWith('#')) return undefined;
    const isConllu = columns.length >= 8 && /^\d+(?:[-.]\d+)?$/.test(columns[0] ?? '');
    if (isConllu && /\D/.test(columns[0] ?? '')) return undefined;
    const [word, tag] = isConllu ? [columns[1], columns[3]] : columns;
    if (word && tag && /^[A-Z]+$|^_$/.test(tag)) return [word, tag];
    throw new Error('must be a word and its UPOS, parted by a tab');
  });

/** Languages that are written without spaces between words. */
const withoutSpaces: ReadonlySet<string> = new Set(['ja', 'zh', 'th', 'lo', 'km', 'my']);

/** What stands between the words of a language. */
export function gapOf(language: string | undefined): '' | ' ' {
  return withoutSpaces.has(language?.toLowerCase().split('-')[0] ?? '') ? '' : ' ';
}

/** For each word the tag over its first unit, else the first one in it; undefined where there is none. */
export function tagsOfWords<T extends Pick<Tag, 'start' | 'end'>>(
  words: readonly string[],
  gap: string,
  tags: readonly T[],
): (T | undefined)[] {
  const sorted = tags.toSorted((a, b) => a.start - b.start);
  let next = 0;
  let start = 0;
  return words.map((word) => {
    const end = start + word.length;
    while (next < sorted.length && (sorted[next]?.end ?? 0) <= start) next++;
    const tag = sorted[next];
    start = end + gap.length;
    return tag !== undefined && tag.start < end ? tag : undefined;
  });
}
