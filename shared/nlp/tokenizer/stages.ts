import type { Pieces } from './pieces.ts';
import type { IntegerList, TextBuffer } from './text-buffer.ts';

/** First stage: writes a piece of text to a buffer in the form the vocabulary is spelled in. */
export interface Normalizer {
  /**
   * Appends `text.slice(from, to)`, normalized, to `out`. Every unit keeps the span in `text` of the character that it
   * stands for: what is written for one takes its span, what is added to it shares that span. What is added before the first
   * character has the empty span at `from`.
   */
  normalize(text: string, from: number, to: number, out: TextBuffer): void;
  /** Whether it would write a text as it is, where that is soon known. */
  keeps?(text: string): boolean;
}

/** Second stage: finds the words, which no token crosses. */
export interface PreTokenizer {
  /** Puts its words in the place of every piece; may write the pieces anew on the way. None is left empty. */
  split(pieces: Pieces): void;
}

/** Third stage: cuts a word into tokens of the vocabulary. */
export interface WordModel {
  /**
   * Appends id, start and end (in the buffer, in whole characters) of each token of the word; none where the vocabulary has
   * nothing for it. Never called for an empty word.
   */
  tokenize(buffer: TextBuffer, start: number, end: number, tokens: IntegerList): void;
}
