import { ModelError } from '#shared/errors.ts';
import type { Vocabulary } from '#shared/nlp/types.ts';
import type { WordModel } from '../stages.ts';
import { Trie } from './trie.ts';

/** A WordPiece vocabulary and its rules, as `tokenizer.json` holds them. */
export interface WordPieceOptions {
  readonly vocabulary: Vocabulary;
  readonly unknownToken: string;
  readonly continuingPrefix: string;
  /** The tokens that continue a word are then never looked for where one begins. */
  readonly prefixBeginsNoWord: boolean;
  readonly maximumWordCharacters: number;
}

/**
 * WordPiece (Schuster and Nakajima, 2012): from left to right the longest token that fits; a word that cannot be cut so,
 * or has more than `maximumWordCharacters` code points, is one unknown token.
 *
 * @throws {ModelError} where the vocabulary has no unknown token.
 */
export function createWordPiece(options: WordPieceOptions): WordModel {
  const { tokens: known, ids } = options.vocabulary;
  const unknown = ids[known.indexOf(options.unknownToken)];
  if (unknown === undefined) {
    throw new ModelError(
      `tokenizer.json: model.vocab has no ${JSON.stringify(options.unknownToken)}`,
    );
  }
  const { maximumWordCharacters } = options;
  let trie: Trie | undefined;

  return {
    tokenize(buffer, start, end, tokens) {
      const { units } = buffer;
      // Made for the first word: until a question comes, its model has none to read.
      trie ??= vocabularyTrie(options);
      const before = tokens.length;
      const tooLong =
        end - start > maximumWordCharacters &&
        countCodePoints(units, start, end) > maximumWordCharacters;
      let position = tooLong ? -1 : start;
      while (position !== -1 && position < end) {
        let node = trie.root(position === start ? 0 : 1);
        let best = -1;
        let bestEnd = -1;
        for (let i = position; i < end; i++) {
          node = trie.step(node, units[i] ?? 0);
          if (node === -1) break;
          const value = trie.value(node);
          if (value !== -1) {
            best = value;
            bestEnd = i + 1;
          }
        }
        if (best !== -1) {
          tokens.push(best);
          tokens.push(position);
          tokens.push(bestEnd);
        }
        position = bestEnd;
      }
      if (position === -1) {
        tokens.length = before;
        tokens.push(unknown);
        tokens.push(start);
        tokens.push(end);
      }
    },
  };
}

/** Tokens that start a word and tokens that go on with one (without their prefix), in two tries. */
function vocabularyTrie(options: WordPieceOptions): Trie {
  // Vocabularies of words have two edges a token. Memory is what making a trie costs most: no more of it than needed.
  for (let edges = options.vocabulary.tokens.length * 3; ; edges *= 2) {
    const trie = new Trie(edges);
    if (fill(trie, options)) return trie;
  }
}

function fill(trie: Trie, options: WordPieceOptions): boolean {
  const { continuingPrefix, prefixBeginsNoWord } = options;
  const { tokens, ids } = options.vocabulary;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    const id = ids[i] ?? 0;
    const continues = token.startsWith(continuingPrefix);
    const begins = token !== '' && !(continues && prefixBeginsNoWord);
    if (begins && !trie.set(trie.root(0), token, 0, id)) return false;
    const from = continuingPrefix.length;
    if (!continues || token.length === from) continue;
    if (!trie.set(trie.root(1), token, from, id)) return false;
  }
  return true;
}

function countCodePoints(units: Uint16Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) {
    const unit = units[i] ?? 0;
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}
