import type { Vocabulary } from '../types.ts';
import { Trie } from './model/trie.ts';
import { propertiesOf, property } from './unicode/properties.ts';

/** A token that is looked for in the text itself, before it is cut into words. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where no letter, digit or underscore stands beside it. */
  readonly singleWord: boolean;
  /** Takes the white space before it along. */
  readonly stripLeft: boolean;
  /** Takes the white space after it along. */
  readonly stripRight: boolean;
}

/** Where an added token stands in a text. */
export interface AddedTokenMatch {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

const none: readonly AddedTokenMatch[] = [];

/** Finds added tokens from left to right, the longest first where two begin at one place. */
export function createAddedTokenFinder(
  tokens: readonly AddedToken[],
): (text: string) => readonly AddedTokenMatch[] {
  const known = tokens.filter((token) => token.content !== '');
  if (known.length === 0) return () => none;
  const trie = contentTrie(known);
  const opening = openingUnits(known);

  /** The longest token that begins at a place; undefined where none does. */
  function tokenAt(text: string, at: number): AddedToken | undefined {
    let node = trie.root(0);
    let found = -1;
    for (let i = at; i < text.length; i++) {
      node = trie.step(node, text.charCodeAt(i));
      if (node === -1) break;
      const value = trie.value(node);
      if (value !== -1) found = value;
    }
    return known[found];
  }

  return (text) => {
    opening.lastIndex = 0;
    if (!opening.test(text)) return none;
    const matches: AddedTokenMatch[] = [];
    let last = 0;
    for (let at = opening.lastIndex - 1; ; ) {
      const token = tokenAt(text, at);
      if (token) {
        const end = at + token.content.length;
        if (!token.singleWord || !touchesWord(text, at, end)) {
          const start = token.stripLeft ? Math.max(last, blankStart(text, at)) : at;
          last = token.stripRight ? blankEnd(text, end) : end;
          // Of what another took along nothing may be left.
          if (last > start) matches.push({ id: token.id, start, end: last });
        }
        opening.lastIndex = end;
      }
      if (!opening.test(text)) return matches;
      at = opening.lastIndex - 1;
    }
  };
}

/**
 * The ids that added tokens really have: the model's own where it knows them, else those that follow its vocabulary.
 *
 * @returns for each token its id, and whether the model knows it
 */
export function assignIds(
  contents: readonly string[],
  vocabulary: Vocabulary,
): { id: number; known: boolean }[] {
  const wanted = new Set(contents);
  const ids = new Map<string, number>();
  vocabulary.tokens.forEach((token, index) => {
    if (wanted.has(token)) ids.set(token, vocabulary.ids[index] ?? 0);
  });
  let next = vocabulary.tokens.length;
  return contents.map((content) => {
    const known = ids.get(content);
    const id = known ?? next;
    ids.set(content, id);
    if (id >= next) next = id + 1;
    return { id, known: known !== undefined };
  });
}

function contentTrie(tokens: readonly AddedToken[]): Trie {
  const units = tokens.reduce((sum, { content }) => sum + content.length, 0);
  const trie = new Trie(units * 2);
  // Of two that are spelled alike the first is found.
  for (const [index, { content }] of [...tokens.entries()].reverse()) {
    trie.set(trie.root(0), content, 0, index);
  }
  return trie;
}

/** Matches the units that a token begins with, so that a text without any is passed over at once. */
function openingUnits(tokens: readonly AddedToken[]): RegExp {
  const units = new Set(tokens.map(({ content }) => content.charCodeAt(0)));
  const escaped = Array.from(units, (unit) => `\\u${unit.toString(16).padStart(4, '0')}`);
  return new RegExp(`[${escaped.join('')}]`, 'g');
}

function touchesWord(text: string, start: number, end: number): boolean {
  const before = start > 1 ? (text.codePointAt(start - 2) ?? 0) : 0;
  const left = before > 0xffff ? before : text.charCodeAt(start - 1);
  const right = text.codePointAt(end);
  return (start > 0 && isWord(left)) || (right !== undefined && isWord(right));
}

function isWord(codePoint: number): boolean {
  return (propertiesOf(codePoint) & property.word) !== 0;
}

function isBlank(text: string, at: number): boolean {
  return (propertiesOf(text.charCodeAt(at)) & property.space) !== 0;
}

function blankStart(text: string, from: number): number {
  let at = from;
  while (at > 0 && isBlank(text, at - 1)) at--;
  return at;
}

function blankEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text, at)) at++;
  return at;
}
