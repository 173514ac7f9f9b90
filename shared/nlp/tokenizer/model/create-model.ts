import { ModelError } from '#shared/errors.ts';
import type { Vocabulary } from '#shared/nlp/types.ts';
import type { WordModel } from '../stages.ts';
import { createBytePair } from './byte-pair.ts';
import type { BytePairFile, ModelFile, WordPieceFile } from './file.ts';
import { createUnigram } from './unigram.ts';
import { listScoredVocabulary, listVocabulary } from './vocabulary.ts';
import { createWordLevel } from './word-level.ts';
import { createWordPiece } from './word-piece.ts';

/** A model with what the rest of the tokenizer needs to know of it. */
export interface LoadedModel {
  readonly model: WordModel;
  readonly vocabulary: Vocabulary;
  /** Undefined where every text can be spelled. */
  readonly unknown: number | undefined;
  /** Undefined where tokens that continue a word are not marked. */
  readonly continuingPrefix: string | undefined;
}

/**
 * Makes the model that a file describes.
 *
 * @param splitsPunctuation no word begins with punctuation that goes on
 * @throws {ModelError} naming what is malformed.
 */
export function createModel(file: ModelFile, splitsPunctuation: boolean): LoadedModel {
  switch (file.type) {
    case 'WordPiece':
      return loadWordPiece(file, splitsPunctuation);
    case 'BPE':
      return loadBytePair(file);
    case 'WordLevel': {
      const vocabulary = listVocabulary(file.vocab);
      const model = createWordLevel(vocabulary, file.unk_token);
      const unknown = idOf(vocabulary, file.unk_token);
      return { model, vocabulary, unknown, continuingPrefix: undefined };
    }
    case 'Unigram': {
      const { vocabulary, scores } = listScoredVocabulary(file.vocab);
      const unknown = file.unk_id ?? undefined;
      if (unknown !== undefined && unknown >= scores.length) {
        throw new ModelError('tokenizer.json: model.unk_id is beyond model.vocab');
      }
      const model = createUnigram({
        vocabulary,
        scores,
        unknown,
        byteFallback: file.byte_fallback,
      });
      return { model, vocabulary, unknown, continuingPrefix: undefined };
    }
  }
}

function loadWordPiece(file: WordPieceFile, splitsPunctuation: boolean): LoadedModel {
  const vocabulary = listVocabulary(file.vocab);
  const continuingPrefix = file.continuing_subword_prefix;
  const model = createWordPiece({
    vocabulary,
    unknownToken: file.unk_token,
    continuingPrefix,
    prefixBeginsNoWord: splitsPunctuation && /^[!-/:-@[-`{-~]{2,}$/.test(continuingPrefix),
    maximumWordCharacters: file.max_input_chars_per_word,
  });
  return {
    model,
    vocabulary,
    unknown: idOf(vocabulary, file.unk_token),
    continuingPrefix: continuingPrefix || undefined,
  };
}

function loadBytePair(file: BytePairFile): LoadedModel {
  const vocabulary = listVocabulary(file.vocab);
  const unknownToken = file.unk_token ?? undefined;
  const model = createBytePair({
    vocabulary,
    merges: file.merges,
    unknownToken,
    fuseUnknown: file.fuse_unk,
    byteFallback: file.byte_fallback,
    ignoreMerges: file.ignore_merges,
    continuingPrefix: file.continuing_subword_prefix ?? '',
    endOfWordSuffix: file.end_of_word_suffix ?? '',
  });
  return {
    model,
    vocabulary,
    unknown: unknownToken === undefined ? undefined : idOf(vocabulary, unknownToken),
    continuingPrefix: file.continuing_subword_prefix || undefined,
  };
}

function idOf({ tokens, ids }: Vocabulary, token: string): number | undefined {
  return ids[tokens.indexOf(token)];
}
