import { ModelError } from '#shared/errors.ts';
import type { Encoding, SpecialTokens, Tokenizer } from '../types.ts';
import { createAddedTokenFinder } from './added-tokens.ts';
import { listVocabulary } from './model/vocabulary.ts';
import { createWordPiece } from './model/word-piece.ts';
import { createBertNormalizer } from './normalizer/bert-normalizer.ts';
import { readSpecialTokens } from './post-processor/special-tokens.ts';
import { createBertPreTokenizer } from './pre-tokenizer/bert-pre-tokenizer.ts';
import { IntegerList, TextBuffer } from './text-buffer.ts';
import { parseTokenizerFile, type TokenizerFile } from './tokenizer-file.ts';

/**
 * Makes a tokenizer from a parsed `tokenizer.json`: the ids are Hugging Face tokenizers' own, the offsets are UTF-16 units
 * of the text as given. Its buffers are used again by every call, so one tokenizer serves one thread.
 *
 * @throws {ModelError} naming what is missing, malformed or not supported.
 */
export function createTokenizer(tokenizerJson: unknown): Tokenizer {
  const file = parseTokenizerFile(tokenizerJson);
  const normalizer = createBertNormalizer({
    cleanText: file.normalizer.clean_text,
    handleChineseCharacters: file.normalizer.handle_chinese_chars,
    stripAccents: file.normalizer.strip_accents ?? file.normalizer.lowercase,
    lowercase: file.normalizer.lowercase,
  });
  const preTokenizer = createBertPreTokenizer();
  const vocabulary = listVocabulary(file.model.vocab);
  const model = createWordPiece({
    vocabulary,
    unknownToken: file.model.unk_token,
    continuingPrefix: file.model.continuing_subword_prefix,
    maximumWordCharacters: file.model.max_input_chars_per_word,
  });
  const findAddedTokens = createAddedTokenFinder(readAddedTokens(file));

  const buffer = new TextBuffer();
  const words = new IntegerList();
  /** Id, start and end of each token, in the original text once its word is done. */
  const tokens = new IntegerList();
  const wordIds = new IntegerList();

  function encodePiece(text: string, from: number, to: number, firstWord: number): number {
    if (from === to) return firstWord;
    buffer.length = 0;
    words.length = 0;
    normalizer.normalize(text, from, to, buffer);
    preTokenizer.split(buffer, 0, buffer.length, words);
    let word = firstWord;
    for (let w = 0; w < words.length; w += 2) {
      const first = tokens.length;
      model.tokenize(buffer, words.values[w] ?? 0, words.values[w + 1] ?? 0, tokens);
      const { values } = tokens;
      for (let t = first; t < tokens.length; t += 3) {
        values[t + 1] = buffer.starts[values[t + 1] ?? 0] ?? 0;
        values[t + 2] = buffer.ends[(values[t + 2] ?? 0) - 1] ?? 0;
        wordIds.push(word);
      }
      word++;
    }
    return word;
  }

  const special = readSpecialTokens(file);
  return {
    special,
    vocabulary,
    ...bertFrames(special),
    continuingPrefix: file.model.continuing_subword_prefix,
    encode(text) {
      tokens.length = 0;
      wordIds.length = 0;
      let position = 0;
      let word = 0;
      for (const { id, start, end } of findAddedTokens(text)) {
        word = encodePiece(text, position, start, word);
        tokens.push(id);
        tokens.push(start);
        tokens.push(end);
        wordIds.push(word++);
        position = end;
      }
      encodePiece(text, position, text.length, word);
      return toEncoding(tokens, wordIds);
    },
  };
}

function bertFrames({ cls, sep }: SpecialTokens): Pick<Tokenizer, 'single' | 'pair'> {
  const types = { first: 0, second: 1, prefix: [0] };
  return {
    single: {
      prefix: [cls],
      middle: [],
      suffix: [sep],
      typeIds: { ...types, middle: [], suffix: [0] },
    },
    pair: {
      prefix: [cls],
      middle: [sep],
      suffix: [sep],
      typeIds: { ...types, middle: [0], suffix: [1] },
    },
  };
}

function toEncoding(tokens: IntegerList, wordIds: IntegerList): Encoding {
  const count = wordIds.length;
  const ids = new Int32Array(count);
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  const { values } = tokens;
  for (let i = 0, t = 0; i < count; i++, t += 3) {
    ids[i] = values[t] ?? 0;
    starts[i] = values[t + 1] ?? 0;
    ends[i] = values[t + 2] ?? 0;
  }
  return { ids, starts, ends, wordIds: wordIds.values.slice(0, count) };
}

function readAddedTokens(file: TokenizerFile) {
  return file.added_tokens.map((token) => {
    if (token.normalized) {
      throw new ModelError(
        `tokenizer.json: the added token ${JSON.stringify(token.content)} is marked "normalized"; only tokens that stand in the text as they are written are supported`,
      );
    }
    return {
      id: token.id,
      content: token.content,
      singleWord: token.single_word,
      stripLeft: token.lstrip,
      stripRight: token.rstrip,
    };
  });
}
