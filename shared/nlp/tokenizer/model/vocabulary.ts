import { ModelError } from '#shared/errors.ts';
import type { Vocabulary } from '#shared/nlp/types.ts';

/**
 * Lists a vocabulary of tens of thousands of tokens, once for all who read it: an object of so many keys takes
 * milliseconds to go through.
 *
 * @throws {ModelError} where an id is no whole number.
 */
export function listVocabulary(vocab: Readonly<Record<string, number>>): Vocabulary {
  const tokens = Object.keys(vocab);
  const ids = new Int32Array(tokens.length);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    const id = vocab[token];
    if (id === undefined || !Number.isInteger(id) || id < 0 || id >= 2 ** 31 - 1) {
      const name = JSON.stringify(token);
      throw new ModelError(`tokenizer.json: model.vocab: the id of ${name} must be a whole number`);
    }
    ids[i] = id;
  }
  return { tokens, ids };
}
