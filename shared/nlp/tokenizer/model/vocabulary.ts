import { ModelError } from '#shared/errors.ts';
import type { Vocabulary } from '#shared/nlp/types.ts';

/** More ids than any vocabulary has; what is as long as the highest of them fits into memory. */
const IDS = 2 ** 24;

/**
 * Lists a vocabulary of tens of thousands of tokens, once for all who read it: an object of so many keys takes
 * milliseconds to go through.
 *
 * @throws {ModelError} where an id is no whole number, or too high.
 */
export function listVocabulary(vocab: Readonly<Record<string, number>>): Vocabulary {
  const tokens = Object.keys(vocab);
  const ids = new Int32Array(tokens.length);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    const id = vocab[token];
    if (id === undefined || !Number.isInteger(id) || id < 0 || id >= IDS) {
      const name = JSON.stringify(token);
      throw new ModelError(
        `tokenizer.json: model.vocab: the id of ${name} must be a whole number below ${IDS}`,
      );
    }
    ids[i] = id;
  }
  return { tokens, ids };
}

/** Tokens of a model whose ids are their places, each with its score. */
export interface ScoredVocabulary {
  readonly vocabulary: Vocabulary;
  readonly scores: Float64Array;
}

/**
 * Lists a vocabulary of pairs of a token and its score.
 *
 * @throws {ModelError} where an entry is none.
 */
export function listScoredVocabulary(vocab: readonly unknown[]): ScoredVocabulary {
  const tokens: string[] = [];
  const scores = new Float64Array(vocab.length);
  vocab.forEach((entry, id) => {
    const [token, score]: readonly unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof token !== 'string' || typeof score !== 'number') {
      throw new ModelError(`tokenizer.json: model.vocab.${id} must be a token and its score`);
    }
    tokens.push(token);
    scores[id] = score;
  });
  return { vocabulary: { tokens, ids: Int32Array.from(scores, (_, id) => id) }, scores };
}

/** Code points of each token of a WordPiece vocabulary by its id, a leading `##` included; counted when first asked for. */
export function createSpellingLengths(vocabulary: Vocabulary): () => Uint8Array {
  let lengths: Uint8Array | undefined;
  return () => {
    lengths ??= countAll(vocabulary);
    return lengths;
  };
}

function countAll({ tokens, ids }: Vocabulary): Uint8Array {
  const lengths = new Uint8Array(ids.reduce((highest, id) => Math.max(highest, id), 0) + 1);
  for (let i = 0; i < tokens.length; i++) lengths[ids[i] ?? 0] = codePoints(tokens[i] ?? '');
  return lengths;
}

/** Code points of `text.slice(start, end)`; a lone surrogate is one. */
export function codePoints(text: string, start = 0, end = text.length): number {
  let count = end - start;
  for (let i = start + 1; i < end; i++) {
    const low = (text.charCodeAt(i) & 0xfc00) === 0xdc00;
    if (low && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count -= 1;
  }
  return count;
}
