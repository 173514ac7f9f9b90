import type { Encoding, Tokenizer, Vocabulary } from '../types.ts';
import { type AddedToken, assignIds, createAddedTokenFinder } from './added-tokens.ts';
import { createModel } from './model/create-model.ts';
import { createNormalizer } from './normalizer/create-normalizer.ts';
import { Pieces } from './pieces.ts';
import { flattenProcessors } from './post-processor/flatten.ts';
import { readFrames } from './post-processor/frame.ts';
import { createTrimmer } from './post-processor/trim-offsets.ts';
import { createPreTokenizers } from './pre-tokenizer/create-pre-tokenizer.ts';
import { findSpecialTokens } from './special-tokens.ts';
import type { Normalizer } from './stages.ts';
import { TextBuffer } from './text-buffer.ts';
import { TokenList } from './token-list.ts';
import { parseTokenizerFile, type TokenizerFile } from './tokenizer-file.ts';

/**
 * Makes a tokenizer from a parsed `tokenizer.json`: the ids are Hugging Face tokenizers' own, the offsets are UTF-16 units
 * of the text as given. Its buffers are used again by every call, so one tokenizer serves one thread.
 *
 * @throws {ModelError} naming what is missing, malformed or not supported.
 */
export function createTokenizer(tokenizerJson: unknown): Tokenizer {
  const file = parseTokenizerFile(tokenizerJson);
  const splitsPunctuation = file.pre_tokenizer?.type === 'BertPreTokenizer';
  const { model, unknown, continuingPrefix, ...loaded } = createModel(
    file.model,
    splitsPunctuation,
  );
  const normalizer = createNormalizer(file.normalizer);
  const preTokenizers = createPreTokenizers(file.pre_tokenizer);
  const processors = flattenProcessors(file.post_processor);
  const { single, pair } = readFrames(processors);
  const added = readAddedTokens(file, loaded.vocabulary);
  const vocabulary = extended(loaded.vocabulary, added);
  const findAdded = createAddedTokenFinder(added.filter((token) => !token.normalized));
  const findNormalized = createAddedTokenFinder(
    added
      .filter((token) => token.normalized)
      .map((token) => ({ ...token, content: normalizedForm(token.content, normalizer) })),
  );
  const hasNormalized = added.some((token) => token.normalized);
  const trim = createTrimmer(processors, vocabulary);

  const buffer = new TextBuffer();
  const pieces = new Pieces();
  const tokens = new TokenList();

  function encodeWords(from: number, to: number): void {
    if (from >= to) return;
    pieces.start(buffer, from, to);
    for (const preTokenizer of preTokenizers) preTokenizer.split(pieces);
    const { spans } = pieces;
    for (let i = 0; i < spans.length; i += 2) {
      const first = tokens.length;
      model.tokenize(pieces.buffer, spans.values[i] ?? 0, spans.values[i + 1] ?? 0, tokens.values);
      tokens.closeWord(first, pieces.buffer);
    }
  }

  function encodePiece(text: string, from: number, to: number): void {
    if (from >= to) return;
    buffer.length = 0;
    const piece = text.slice(from, to);
    const kept = !normalizer || normalizer.keeps?.(piece) === true;
    if (kept) buffer.copyText(text, from, to);
    else normalizer.normalize(text, from, to, buffer);
    let position = 0;
    if (hasNormalized) {
      const normalized = kept ? piece : buffer.slice(0, buffer.length);
      for (const { id, start, end } of findNormalized(normalized)) {
        encodeWords(position, start);
        const [first = 0, last = 0] = [buffer.starts[start], buffer.ends[end - 1]];
        tokens.addWord(id, first, last, normalized.slice(start, end));
        position = end;
      }
    }
    encodeWords(position, buffer.length);
  }

  return {
    special: findSpecialTokens(single, unknown, file.padding?.pad_id, (token) => {
      const index = vocabulary.tokens.indexOf(token);
      return vocabulary.ids[index];
    }),
    single,
    pair,
    vocabulary,
    continuingPrefix,
    encode(given): Encoding {
      const text = given.toWellFormed();
      tokens.clear();
      let position = 0;
      for (const { id, start, end } of findAdded(text)) {
        encodePiece(text, position, start);
        tokens.addWord(id, start, end, text.slice(start, end));
        position = end;
      }
      encodePiece(text, position, text.length);
      trim?.(text, tokens);
      return tokens.toEncoding();
    },
  };
}

interface FileToken extends AddedToken {
  readonly normalized: boolean;
  /** Whether the model's own vocabulary has it. */
  readonly known: boolean;
}

/** The added tokens of a file, those that are special first, as the library looks for them. */
function readAddedTokens(file: TokenizerFile, vocabulary: Vocabulary): FileToken[] {
  const listed = (file.added_tokens ?? []).filter(({ content }) => content !== '');
  const ids = assignIds(
    listed.map(({ content }) => content),
    vocabulary,
  );
  const read = listed.map((token, index) => ({
    special: token.special,
    id: ids[index]?.id ?? 0,
    known: ids[index]?.known ?? false,
    content: token.content,
    singleWord: token.single_word,
    stripLeft: token.lstrip,
    stripRight: token.rstrip,
    normalized: token.normalized,
  }));
  return [...read.filter((token) => token.special), ...read.filter((token) => !token.special)];
}

/** A vocabulary with the added tokens that it lacks. */
function extended({ tokens, ids }: Vocabulary, added: readonly FileToken[]): Vocabulary {
  const lacking = added.filter(({ known }) => !known);
  if (lacking.length === 0) return { tokens, ids };
  return {
    tokens: [...tokens, ...lacking.map(({ content }) => content)],
    ids: Int32Array.from([...ids, ...lacking.map(({ id }) => id)]),
  };
}

function normalizedForm(content: string, normalizer: Normalizer | undefined): string {
  if (!normalizer) return content;
  const buffer = new TextBuffer();
  normalizer.normalize(content, 0, content.length, buffer);
  return buffer.slice(0, buffer.length);
}
