import type { Entity } from '#shared/nlp/types.ts';

/** An entity counted in words of its sentence. */
export interface WordEntity {
  readonly type: string;
  readonly first: number;
  readonly last: number;
  /** Of one that a model gave: its probability. */
  readonly score?: number | undefined;
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
 * Predicted spans of `words.join(gap)` in words: a word belongs to the first entity that overlaps it, and an entity left
 * without a word is none.
 */
export function entitiesOfSpans(
  words: readonly string[],
  entities: readonly (Pick<Entity, 'type' | 'start' | 'end'> & Partial<Pick<Entity, 'score'>>)[],
  gap = ' ',
): WordEntity[] {
  const found: WordEntity[] = [];
  const sorted = entities.toSorted((a, b) => a.start - b.start);
  let word = 0;
  let wordStart = 0;
  for (const { type, start, end, score } of sorted) {
    while (word < words.length && wordStart + lengthOf(words, word) <= start) {
      wordStart += lengthOf(words, word++) + gap.length;
    }
    const first = word;
    while (word < words.length && wordStart < end)
      wordStart += lengthOf(words, word++) + gap.length;
    if (word > first) found.push({ type, first, last: word - 1, score });
  }
  return found;
}

function lengthOf(words: readonly string[], word: number): number {
  return words[word]?.length ?? 0;
}

/** What the types of other data are called by models of the CoNLL-2003 kind: of WNUT-17, OntoNotes' kin and Stockmark's. */
const types: Readonly<Record<string, string>> = {
  person: 'PER',
  location: 'LOC',
  corporation: 'ORG',
  group: 'ORG',
  product: 'MISC',
  'creative-work': 'MISC',
  PERSON: 'PER',
  GPE: 'LOC',
  人名: 'PER',
  地名: 'LOC',
  法人名: 'ORG',
  政治的組織名: 'ORG',
  その他の組織名: 'ORG',
  施設名: 'FAC',
  製品名: 'PRODUCT',
  イベント名: 'EVENT',
};

/** A type as models of the CoNLL-2003 kind call it; any other stays as it is. */
export function mapType(type: string): string {
  return types[type] ?? type;
}

/** A tag with its type mapped, see {@link mapType}. */
export function mapTag(tag: string): string {
  return tag === 'O' ? tag : `${tag.slice(0, 2)}${mapType(tag.slice(2))}`;
}
