import { ModelError } from '#shared/errors.ts';
import type { Vocabulary } from '#shared/nlp/types.ts';
import type { WordModel } from '../stages.ts';
import type { IntegerList, TextBuffer } from '../text-buffer.ts';
import { Trie } from './trie.ts';
import { WordCache } from './word-cache.ts';

/** A Unigram vocabulary and its rules, as `tokenizer.json` holds them. */
export interface UnigramOptions {
  /** Pieces in the order of their ids. */
  readonly vocabulary: Vocabulary;
  /** Logarithm of each piece's probability, by id. */
  readonly scores: Float64Array;
  readonly unknown: number | undefined;
  /** Whether what is unknown is spelled in bytes (`<0x41>`), where the vocabulary has all of its bytes. */
  readonly byteFallback: boolean;
}

/** What an unknown character costs, below the worst piece. */
const UNKNOWN_PENALTY = 10;

/**
 * The Unigram model of SentencePiece (Kudo, 2018): of all ways to cut a word into pieces the one of the highest summed score,
 * found from left to right (Viterbi); of two that are equally good the one whose last piece began earlier. Characters
 * without a piece of their own are unknown, and neighbours among them one token.
 *
 * @throws {ModelError} where the vocabulary has no unknown token.
 */
export function createUnigram(options: UnigramOptions): WordModel {
  const { vocabulary, scores } = options;
  const unknown = options.unknown ?? -1;
  if (unknown < 0 || unknown >= vocabulary.tokens.length) {
    throw new ModelError(
      'tokenizer.json: model.unk_id must be the number of a piece of model.vocab',
    );
  }
  const unknownScore =
    scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) -
    UNKNOWN_PENALTY;
  const bytes = options.byteFallback ? byteTokens(vocabulary) : undefined;
  const cache = new WordCache();
  /** Made for the first word: until a question comes, its model has none to read. */
  let trie: Trie | undefined;

  /** Of the best way to each place in the word: its score; where its last piece starts (-1 where there is none yet); that piece. */
  let best = new Float64Array(64);
  let from = new Int32Array(64);
  let pieces = new Int32Array(64);

  function findBestPath(trie: Trie, units: Uint16Array, start: number, length: number): void {
    const root = trie.root(0);
    from.fill(-1, 0, length + 1);
    best[0] = 0;
    for (let at = 0; at < length; ) {
      const soFar = best[at] ?? 0;
      const next = at + characterUnits(units, start + at, start + length);
      let known = false;
      let node = root;
      for (let end = at; end < length; ) {
        node = trie.step(node, units[start + end] ?? 0);
        if (node === -1) break;
        end++;
        const id = trie.value(node);
        if (id === -1) continue;
        if (end === next) known = true;
        const score = (scores[id] ?? 0) + soFar;
        if (from[end] === -1 || score > (best[end] ?? 0)) {
          best[end] = score;
          from[end] = at;
          pieces[end] = id;
        }
      }
      if (!known) {
        const score = unknownScore + soFar;
        if (from[next] === -1 || score > (best[next] ?? 0)) {
          best[next] = score;
          from[next] = at;
          pieces[next] = unknown;
        }
      }
      at = next;
    }
  }

  function pushUnknown(
    trie: Trie,
    buffer: TextBuffer,
    start: number,
    end: number,
    tokens: IntegerList,
  ): void {
    const id = find(trie, buffer.units, start, end);
    const spelling = id === -1 && bytes ? utf8.encode(buffer.slice(start, end)) : nothing;
    if (bytes && spelling.length > 0 && spelling.every((byte) => bytes[byte] !== -1)) {
      for (const byte of spelling) pushToken(tokens, bytes[byte] ?? unknown, start, end);
    } else {
      pushToken(tokens, id === -1 ? unknown : id, start, end);
    }
  }

  function encodeWord(buffer: TextBuffer, start: number, end: number, tokens: IntegerList): void {
    trie ??= vocabularyTrie(vocabulary);
    const length = end - start;
    if (length >= from.length) {
      best = new Float64Array(length * 2);
      from = new Int32Array(length * 2);
      pieces = new Int32Array(length * 2);
    }
    findBestPath(trie, buffer.units, start, length);
    // The way back, turned round: from now on, where the piece that starts at a place ends.
    const path = best;
    for (let at = length; at > 0; ) {
      const begin = from[at] ?? 0;
      path[begin] = at;
      at = begin;
    }
    for (let at = 0; at < length; ) {
      let next = path[at] ?? length;
      const id = pieces[next] ?? unknown;
      if (id === unknown) {
        while (next < length && pieces[path[next] ?? length] === unknown)
          next = path[next] ?? length;
        pushUnknown(trie, buffer, start + at, start + next, tokens);
      } else {
        pushToken(tokens, id, start + at, start + next);
      }
      at = next;
    }
  }

  return {
    tokenize(buffer, start, end, tokens) {
      if (cache.find(buffer, start, end, tokens)) return;
      const first = tokens.length;
      encodeWord(buffer, start, end, tokens);
      cache.add(buffer, start, end, tokens, first);
    },
  };
}

const utf8 = new TextEncoder();
const nothing = new Uint8Array(0);

function pushToken(tokens: IntegerList, id: number, start: number, end: number): void {
  tokens.push(id);
  tokens.push(start);
  tokens.push(end);
}

/** Units of the character at a place: 2 for a surrogate pair. */
function characterUnits(units: Uint16Array, at: number, end: number): number {
  const paired =
    ((units[at] ?? 0) & 0xfc00) === 0xd800 &&
    at + 1 < end &&
    ((units[at + 1] ?? 0) & 0xfc00) === 0xdc00;
  return paired ? 2 : 1;
}

/** The id of the piece that is spelled just so; -1 where there is none. */
function find(trie: Trie, units: Uint16Array, start: number, end: number): number {
  let node = trie.root(0);
  for (let i = start; i < end; i++) {
    node = trie.step(node, units[i] ?? 0);
    if (node === -1) return -1;
  }
  return trie.value(node);
}

/** The id of each byte's token; -1 where the vocabulary has none. */
function byteTokens({ tokens, ids }: Vocabulary): Int32Array {
  const idOf = new Map(tokens.map((token, index) => [token, ids[index] ?? -1]));
  return Int32Array.from({ length: 256 }, (_, byte) => {
    const hexadecimal = byte.toString(16).toUpperCase().padStart(2, '0');
    return idOf.get(`<0x${hexadecimal}>`) ?? -1;
  });
}

function vocabularyTrie(vocabulary: Vocabulary): Trie {
  for (let edges = vocabulary.tokens.length * 3; ; edges *= 2) {
    const trie = new Trie(edges);
    if (fill(trie, vocabulary)) return trie;
  }
}

function fill(trie: Trie, { tokens, ids }: Vocabulary): boolean {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    if (token !== '' && !trie.set(trie.root(0), token, 0, ids[i] ?? 0)) return false;
  }
  return true;
}
