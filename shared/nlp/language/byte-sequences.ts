import { brotliDecompressSync } from 'node:zlib';
import { packedByteSequences } from './packed-byte-sequences.ts';

/** How well a text fits languages, 0 to 1. */
export interface Score {
  /** The one that it fits best; empty where it fits none. */
  readonly language: string;
  readonly first: number;
  readonly second: number;
  readonly english: number;
}

/** Units of a text that count. */
const HEAD = 1_000;
/** Bytes after which a text is cut at the next space, and at the next letter. */
const [CUT_AT_SPACE, CUT_AT_LETTER] = [350, 380];
/** Bytes of a word that count. */
const LONGEST_WORD = 70;
/** Bytes of a sequence, and from the start of one to that of the next. */
const [SEQUENCE, STRIDE] = [4, 3];
/** What is left out of every stored score. */
const LEAST_SCORE = 53;
/** Score of a sequence, on average, that comes to one half. */
const HALF = 25;
/** Parts of a key above its four bytes. */
const [BEGINS, ENDS] = [2 ** 32, 2 ** 33];
const SPACE = 0x20;
const WORD_END = 0;
/** Lead bytes of alphabets that none of the languages has; the package writes them as spaces. */
const foreign = new Set([0xc7, 0xca, 0xcb, 0xcc, 0xcd, 0xd4, 0xdc, 0xdd, 0xde, 0xdf, 0xee]);

/**
 * Loads the scores of byte sequences, and what adds them up for a text as the package `eld` does, to the same numbers: words in
 * small letters and UTF-8, sequences of four bytes from every third on and the last four, each counted once, told apart by
 * whether a word begins or ends there.
 */
export function createScorer(): (text: string) => Score {
  const { keys, starts, languages, scores } = unpack();
  const isLetter = unpackLetters();
  const names = packedByteSequences.languages.split(' ');
  const english = names.indexOf('en');
  const sums = new Int32Array(names.length);
  const found = new Float64Array(CUT_AT_LETTER * 2);
  const bytes = new Uint8Array(CUT_AT_LETTER * 2);

  /** Index of a key; -1 where it has no scores. */
  const indexOf = (key: number): number => {
    let low = 0;
    let high = keys.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const value = keys[middle] ?? 0;
      if (value === key) return middle;
      if (value < key) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  };

  return (text) => {
    const end = encode(smallWords(text, isLetter), bytes);
    let [count, longTails] = [0, 0];
    let tails: Set<string> | undefined;
    for (let from = 0; from < end; ) {
      const to = bytes.indexOf(WORD_END, from);
      const length = Math.min(to - from, LONGEST_WORD);
      let begins = BEGINS;
      for (let at = 0; at + SEQUENCE < length; at += STRIDE) {
        found[count++] = keyOf(bytes, from + at, from + at + SEQUENCE, begins, 0);
        begins = 0;
      }
      const tail = from + Math.max(length - SEQUENCE, 0);
      if (to - tail <= SEQUENCE) found[count++] = keyOf(bytes, tail, to, begins, ENDS);
      else {
        // The rest of a word that is too long: it has no score, but counts.
        tails ??= new Set();
        longTails = tails.add(bytes.subarray(tail, to).join()).size;
      }
      from = to + 1;
    }
    sums.fill(0);
    const sorted = found.subarray(0, count).sort();
    let different = longTails;
    for (let i = 0; i < count; i += 1) {
      const key = sorted[i] ?? 0;
      if (i > 0 && key === sorted[i - 1]) continue;
      different += 1;
      const index = indexOf(key);
      const stop = index < 0 ? 0 : (starts[index + 1] ?? 0);
      for (let s = starts[index] ?? 0; s < stop; s += 1) {
        const language = languages[s] ?? 0;
        sums[language] = (sums[language] ?? 0) + (scores[s] ?? 0) + LEAST_SCORE;
      }
    }
    let [best, first, second] = [-1, 0, 0];
    for (let language = 0; language < sums.length; language += 1) {
      const sum = sums[language] ?? 0;
      if (sum > first) [best, first, second] = [language, sum, first];
      else if (sum > second) second = sum;
    }
    const scaled = (sum: number): number => {
      const average = sum / different;
      return sum > 0 ? average / (average + HALF) : 0;
    };
    return {
      language: names[best] ?? '',
      first: scaled(first),
      second: scaled(second),
      english: scaled(sums[english] ?? 0),
    };
  };
}

/** A text's letters in small ones, a space for all between two words; apostrophes before a letter stay. */
function smallWords(text: string, isLetter: Uint8Array): string {
  const end = Math.min(text.length, HEAD);
  let words = '';
  let from = 0;
  for (let at = 0; at < end; ) {
    if (isLetter[text.charCodeAt(at)] === 1) {
      at += 1;
      continue;
    }
    const start = at;
    while (at < end && isLetter[text.charCodeAt(at)] !== 1) at += 1;
    let stop = at;
    while (stop > start && isApostrophe(text.charCodeAt(stop - 1))) stop -= 1;
    if (stop === start) continue;
    // Spaces before the first word would count as bytes.
    if (start > 0) words += `${text.slice(from, start)} `;
    from = stop;
  }
  return `${words}${text.slice(from, end)}`.toLowerCase();
}

function isApostrophe(unit: number): boolean {
  return unit === 0x27 || unit === 0x60 || unit === 0x2019;
}

/** Writes words as UTF-8 with a mark after each, until there are enough; gives where they end. */
function encode(words: string, bytes: Uint8Array): number {
  let end = 0;
  for (let i = 0; i < words.length && end <= CUT_AT_LETTER; i += 1) {
    const unit = words.charCodeAt(i);
    if (unit === SPACE && end > CUT_AT_SPACE) break;
    if (unit < 0x80) {
      bytes[end++] = unit === SPACE ? WORD_END : unit;
    } else if (unit < 0x800) {
      bytes[end++] = leadByte(0xc0 | (unit >> 6));
      bytes[end++] = 0x80 | (unit & 0x3f);
    } else {
      bytes[end++] = leadByte(0xe0 | (unit >> 12));
      bytes[end++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[end++] = 0x80 | (unit & 0x3f);
    }
  }
  if (end > 0 && bytes[end - 1] !== WORD_END) bytes[end++] = WORD_END;
  return end;
}

function leadByte(byte: number): number {
  return foreign.has(byte) ? SPACE : byte;
}

function keyOf(
  bytes: Uint8Array,
  start: number,
  stop: number,
  begins: number,
  ends: number,
): number {
  let [from, to, edges] = [start, stop, begins + ends];
  // A foreign letter is as good as the edge of a word.
  if (begins === 0 && bytes[from] === SPACE) {
    from += 1;
    edges += BEGINS;
  }
  if (ends === 0 && bytes[to - 1] === SPACE) {
    to -= 1;
    edges += ENDS;
  }
  let key = 0;
  for (let at = from; at < to; at += 1) key = key * 256 + (bytes[at] ?? 0);
  return key + edges;
}

/** Keys in ascending order, and where the scores of each start. */
function unpack() {
  const { sequences, scores: total, data } = packedByteSequences;
  const bytes = brotliDecompressSync(Buffer.from(data, 'base64'));
  const keys = new Float64Array(sequences);
  let at = 0;
  for (let i = 0, key = 0; i < sequences; i += 1) {
    let [byte, factor] = [bytes[at++] ?? 0, 1];
    for (; byte >= 128; byte = bytes[at++] ?? 0, factor *= 128) key += (byte - 128) * factor;
    key += byte * factor;
    keys[i] = key;
  }
  const starts = new Uint32Array(sequences + 1);
  for (let i = 0; i < sequences; i += 1) starts[i + 1] = (starts[i] ?? 0) + (bytes[at++] ?? 0);
  return {
    keys,
    starts,
    languages: bytes.subarray(at, at + total),
    scores: bytes.subarray(at + total, at + 2 * total),
  };
}

function unpackLetters(): Uint8Array {
  const letters = new Uint8Array(65_536);
  let position = 0;
  for (const run of packedByteSequences.letters.split(' ')) {
    const [gap = '', length = ''] = run.split('.');
    const start = position + Number.parseInt(gap, 36);
    position = start + Number.parseInt(length, 36);
    letters.fill(1, start, position);
  }
  return letters;
}
