import type { Entity } from '#shared/nlp/types.ts';

/** An entity counted in words of its sentence. */
export interface WordEntity {
  readonly type: string;
  readonly first: number;
  readonly last: number;
}

/**
 * The entities that tags stand for, by conlleval's rules, which read IOB1 and IOB2 alike: an entity begins at `B-`, and at
 * `I-` after `O` or after another type.
 */
export function entitiesOfTags(tags: readonly string[]): WordEntity[] {
  const entities: WordEntity[] = [];
  let open: { type: string; first: number } | undefined;
  for (let i = 0; i <= tags.length; i++) {
    const tag = tags[i] ?? 'O';
    const type = tag === 'O' ? undefined : tag.slice(2);
    const goesOn = open !== undefined && type === open.type && tag.startsWith('I-');
    if (goesOn) continue;
    if (open) entities.push({ ...open, last: i - 1 });
    open = type === undefined ? undefined : { type, first: i };
  }
  return entities;
}

/**
 * Predicted spans of `words.join(' ')` in words: a word belongs to the first entity that overlaps it, and an entity left
 * without a word is none.
 */
export function entitiesOfSpans(
  words: readonly string[],
  entities: readonly Pick<Entity, 'type' | 'start' | 'end'>[],
): WordEntity[] {
  const found: WordEntity[] = [];
  const sorted = entities.toSorted((a, b) => a.start - b.start);
  let word = 0;
  let wordStart = 0;
  for (const { type, start, end } of sorted) {
    while (word < words.length && wordStart + lengthOf(words, word) <= start) {
      wordStart += lengthOf(words, word++) + 1;
    }
    const first = word;
    while (word < words.length && wordStart < end) wordStart += lengthOf(words, word++) + 1;
    if (word > first) found.push({ type, first, last: word - 1 });
  }
  return found;
}

function lengthOf(words: readonly string[], word: number): number {
  return words[word]?.length ?? 0;
}

/** What WNUT-17's types are called by models of the CoNLL-2003 kind. */
const wnutTypes: Readonly<Record<string, string>> = {
  person: 'PER',
  location: 'LOC',
  corporation: 'ORG',
  group: 'ORG',
  product: 'MISC',
  'creative-work': 'MISC',
};

/** A tag with WNUT-17's types turned into those of CoNLL-2003; any other type stays as it is. */
export function mapTag(tag: string): string {
  if (tag === 'O') return tag;
  const type = tag.slice(2);
  return `${tag.slice(0, 2)}${wnutTypes[type] ?? type}`;
}
