import type { IntegerList, TextBuffer } from './text-buffer.ts';

/** First stage: writes a piece of text to a buffer in the form the vocabulary is spelled in. */
export interface Normalizer {
  /** Appends `text.slice(from, to)`, normalized, to `out`; every unit keeps its span in `text`. */
  normalize(text: string, from: number, to: number, out: TextBuffer): void;
}

/** Second stage: finds the words, which no token crosses. */
export interface PreTokenizer {
  /** Appends the start and the end of each word between `from` and `to` of the buffer. */
  split(buffer: TextBuffer, from: number, to: number, words: IntegerList): void;
}

/** Third stage: cuts a word into tokens of the vocabulary. */
export interface WordModel {
  /** Appends id, start and end (in the buffer) of each token of the word; at least one token. */
  tokenize(buffer: TextBuffer, start: number, end: number, tokens: IntegerList): void;
}
