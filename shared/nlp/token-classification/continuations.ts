import { codePoints, createSpellingLengths } from '../tokenizer/model/vocabulary.ts';
import type { Encoding, Tokenizer } from '../types.ts';

const SPACE = 0x20;

/** Which tokens of a text continue the word before them: 1 for each that does. */
export type Continuations = (encoding: Encoding, text: string) => Uint8Array;

/** Letters, marks and numbers: what words are made of. */
const inWord = /^[\p{L}\p{M}\p{N}]$/u;
/** Scripts without spaces between words: there a token is a word of its own. */
const unspaced =
  /^[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]$/u;

/**
 * Tells which tokens continue a word. With `letters`: those where letters or digits meet, in scripts that have spaces.
 * Else by the pipeline's own rules, since equal spans matter more than better rules. Where such tokens are spelled with a
 * prefix: those whose spelling in the vocabulary is not as long as the text that they stand for, so that a word written with
 * combining marks joins the word before it. Elsewhere: those that no space parts from what is before them.
 */
export function createContinuations(tokenizer: Tokenizer, words?: 'letters'): Continuations {
  const { unk } = tokenizer.special;
  const joins = words === 'letters' ? byLetters : pipelineRule(tokenizer);
  return ({ ids, starts, ends }, text) => {
    const continues = new Uint8Array(ids.length);
    for (let token = 0; token < ids.length; token += 1) {
      const id = ids[token] ?? 0;
      if (id !== unk && joins(text, starts[token] ?? 0, ends[token] ?? 0, id)) continues[token] = 1;
    }
    return continues;
  };
}

type Joins = (text: string, start: number, end: number, id: number) => boolean;

const pipelineRule = (tokenizer: Tokenizer): Joins =>
  tokenizer.continuingPrefix ? bySpelling(tokenizer) : bySpace;

function bySpelling({ vocabulary }: Tokenizer): Joins {
  // Counted now, while the models are being loaded elsewhere, and not for the first text.
  const lengths = createSpellingLengths(vocabulary)();
  return (text, start, end, id) => lengths[id] !== codePoints(text, start, end);
}

const bySpace: Joins = (text, start) =>
  start > 0 && text.charCodeAt(start - 1) !== SPACE && text.charCodeAt(start) !== SPACE;

const byLetters: Joins = (text, start) => {
  if (start === 0) return false;
  // The second half of a surrogate pair stands for the whole.
  const before = (text.charCodeAt(start - 1) & 0xfc00) === 0xdc00 ? start - 2 : start - 1;
  return isSpaced(text.codePointAt(before) ?? 0) && isSpaced(text.codePointAt(start) ?? 0);
};

const isSpaced = (codePoint: number): boolean => {
  const character = String.fromCodePoint(codePoint);
  return inWord.test(character) && !unspaced.test(character);
};
