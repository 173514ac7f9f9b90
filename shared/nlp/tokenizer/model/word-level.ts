import { ModelError } from '#shared/errors.ts';
import type { Vocabulary } from '#shared/nlp/types.ts';
import type { WordModel } from '../stages.ts';

/**
 * A token for each word that is in the vocabulary, the unknown one for all others.
 *
 * @throws {ModelError} where the vocabulary has no unknown token.
 */
export function createWordLevel(vocabulary: Vocabulary, unknownToken: string): WordModel {
  const ids = new Map(vocabulary.tokens.map((token, i) => [token, vocabulary.ids[i] ?? 0]));
  const unknown = ids.get(unknownToken);
  if (unknown === undefined) {
    throw new ModelError(`tokenizer.json: model.vocab has no ${JSON.stringify(unknownToken)}`);
  }
  return {
    tokenize(buffer, start, end, tokens) {
      tokens.push(ids.get(buffer.slice(start, end)) ?? unknown);
      tokens.push(start);
      tokens.push(end);
    },
  };
}
