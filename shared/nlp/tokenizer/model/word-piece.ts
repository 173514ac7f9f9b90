import { ModelError } from '#shared/errors.ts';
import type { WordModel } from '../stages.ts';
import { Trie } from './trie.ts';

/** A WordPiece vocabulary and its rules, as `tokenizer.json` holds them. */
export interface WordPieceOptions {
  readonly vocabulary: Readonly<Record<string, number>>;
  readonly unknownToken: string;
  /** Punctuation, so that no word begins with it. */
  readonly continuingPrefix: string;
  readonly maximumWordCharacters: number;
}

/**
 * WordPiece (Schuster and Nakajima, 2012): from left to right the longest token that fits; a word that cannot be cut so,
 * or has more than `maximumWordCharacters` code points, is one unknown token.
 *
 * @throws {ModelError} where the vocabulary has no unknown token, or an id is no whole number.
 */
export function createWordPiece(options: WordPieceOptions): WordModel {
  const unknown = options.vocabulary[options.unknownToken];
  if (unknown === undefined) {
    throw new ModelError(
      `tokenizer.json: model.vocab has no ${JSON.stringify(options.unknownToken)}`,
    );
  }
  const { maximumWordCharacters } = options;
  const trie = vocabularyTrie(options);
  const initial = trie.root(0);
  const continuing = trie.root(1);

  return {
    tokenize(buffer, start, end, tokens) {
      const { units } = buffer;
      const before = tokens.length;
      const tooLong =
        end - start > maximumWordCharacters &&
        countCodePoints(units, start, end) > maximumWordCharacters;
      let position = tooLong ? -1 : start;
      while (position !== -1 && position < end) {
        let node = position === start ? initial : continuing;
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
function vocabularyTrie({ vocabulary, continuingPrefix }: WordPieceOptions): Trie {
  const tokens = Object.keys(vocabulary);
  const trie = new Trie(tokens.reduce((sum, token) => sum + token.length, 0));
  for (const token of tokens) {
    const id = vocabulary[token];
    if (id === undefined || !Number.isSafeInteger(id) || id < 0) {
      const name = JSON.stringify(token);
      throw new ModelError(`tokenizer.json: model.vocab: the id of ${name} must be a whole number`);
    }
    const continues = token.startsWith(continuingPrefix);
    const from = continues ? continuingPrefix.length : 0;
    if (token.length > from) trie.set(trie.root(continues ? 1 : 0), token, from, id);
  }
  return trie;
}

function countCodePoints(units: Uint16Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) {
    const unit = units[i] ?? 0;
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}
