import type { Vocabulary } from '#shared/nlp/types.ts';
import type { WordModel } from '../stages.ts';
import type { IntegerList, TextBuffer } from '../text-buffer.ts';
import { MergeBorders } from './merge-borders.ts';
import { type MergeTable, readMerges } from './merge-table.ts';
import { Symbols } from './symbols.ts';
import { WordCache } from './word-cache.ts';

/** A vocabulary with its merges and its rules, as `tokenizer.json` holds them. */
export interface BytePairOptions {
  readonly vocabulary: Vocabulary;
  readonly merges: readonly unknown[];
  /** What a character becomes that cannot be spelled; without it the character is left out. */
  readonly unknownToken: string | undefined;
  readonly fuseUnknown: boolean;
  /** Spells a character that is not in the vocabulary with tokens of its bytes, `<0x00>` to `<0xFF>`. */
  readonly byteFallback: boolean;
  /** Takes a word that is a token as it is, whatever its merges. */
  readonly ignoreMerges: boolean;
  readonly continuingPrefix: string;
  readonly endOfWordSuffix: string;
}

/** A word of so many units, or less, is not cut any further. */
const SHORT = 16;

/** What a character is spelled with: its own token, one for each of its bytes, or none. */
interface Spelling {
  readonly tokens: Int32Array;
  readonly own: boolean;
}

/**
 * Byte-pair encoding (Sennrich, Haddow and Birch, 2016): the characters of a word are merged two by two, the merge that was
 * learnt first before all others.
 *
 * @throws {ModelError} where a merge is malformed; when the first word comes, since texts of questions alone never come to it.
 */
export function createBytePair(options: BytePairOptions): WordModel {
  let encode: WordModel['tokenize'] | undefined;
  return {
    tokenize(buffer, start, end, tokens) {
      encode ??= createEncoder(options);
      encode(buffer, start, end, tokens);
    },
  };
}

function createEncoder(options: BytePairOptions): WordModel['tokenize'] {
  const { continuingPrefix, endOfWordSuffix, fuseUnknown } = options;
  const ids = new Map<string, number>();
  options.vocabulary.tokens.forEach((token, index) => {
    ids.set(token, options.vocabulary.ids[index] ?? 0);
  });
  const unknown = options.unknownToken === undefined ? undefined : ids.get(options.unknownToken);
  // Where a character's spelling depends on its place in the word, or on what is left out before it, words stay whole.
  const borders =
    unknown === undefined || options.ignoreMerges || continuingPrefix || endOfWordSuffix
      ? undefined
      : new MergeBorders();
  const merges: MergeTable = readMerges(
    options.merges,
    (token) => ids.get(token),
    continuingPrefix,
    borders,
  );
  const symbols = new Symbols();
  const cache = new WordCache();
  /** Spellings by code point: inside a word, at its start, at its end, as all of it. */
  const spellings = [0, 1, 2, 3].map(() => new Map<number, Spelling>());

  function spell(codePoint: number, place: number): Spelling {
    const prefix = place & 1 ? '' : continuingPrefix;
    const suffix = place & 2 ? endOfWordSuffix : '';
    const text = prefix + String.fromCodePoint(codePoint) + suffix;
    const id = ids.get(text);
    const tokens = Int32Array.from(id === undefined ? bytesOf(text) : [id]);
    const spelling = { tokens, own: id !== undefined };
    spellings[place]?.set(codePoint, spelling);
    return spelling;
  }

  function bytesOf(text: string): number[] {
    if (!options.byteFallback) return [];
    const spelled = Array.from(new TextEncoder().encode(text), (byte) =>
      ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    );
    return spelled.some((id) => id === undefined) ? [] : spelled.map((id) => id ?? 0);
  }

  /** Fills `symbols` with the word's characters; tells whether their bytes are other than the word's. */
  function spellWord(buffer: TextBuffer, start: number, end: number): boolean {
    symbols.clear();
    let shifted = false;
    /** The unknown token that waits, in case another follows. */
    let [from, to, bytes] = [-1, -1, 0];
    const flush = () => {
      if (from !== -1) symbols.add(unknown ?? 0, from, to, bytes);
      from = -1;
    };
    for (let i = start; i < end; ) {
      const codePoint = buffer.codePointAt(i, end);
      const next = i + (codePoint > 0xffff ? 2 : 1);
      const place = (i === start ? 1 : 0) | (next === end ? 2 : 0);
      const spelling = spellings[place]?.get(codePoint) ?? spell(codePoint, place);
      const size = utf8Length(codePoint);
      if (spelling.own) {
        flush();
        symbols.add(spelling.tokens[0] ?? 0, i, next, size);
      } else if (spelling.tokens.length > 0) {
        // An unknown token that waits goes on waiting, as the library has it.
        if (from !== -1 || spelling.tokens.length !== size) shifted = true;
        for (const id of spelling.tokens) symbols.add(id, i, next, 1);
      } else if (unknown === undefined) {
        shifted = true;
      } else if (from !== -1 && fuseUnknown) {
        to = next;
        bytes += size;
      } else {
        flush();
        [from, to, bytes] = [i, next, size];
      }
      i = next;
    }
    flush();
    return shifted;
  }

  function encodeWord(buffer: TextBuffer, start: number, end: number, tokens: IntegerList): void {
    if (options.ignoreMerges) {
      const id = ids.get(buffer.slice(start, end));
      if (id !== undefined) {
        pushToken(tokens, id, start, end);
        return;
      }
    }
    const shifted = spellWord(buffer, start, end);
    symbols.mergeAll(merges);
    if (shifted) {
      pushShifted(buffer, start, end, symbols, tokens);
      return;
    }
    const { values: made } = symbols.ids;
    const [{ values: starts }, { values: ends }] = [symbols.starts, symbols.ends];
    for (let i = 0; i < symbols.length; i++) {
      if (symbols.has(i)) pushToken(tokens, made[i] ?? 0, starts[i] ?? 0, ends[i] ?? 0);
    }
  }

  function encodeCached(buffer: TextBuffer, start: number, end: number, tokens: IntegerList): void {
    if (cache.find(buffer, start, end, tokens)) return;
    const first = tokens.length;
    encodeWord(buffer, start, end, tokens);
    cache.add(buffer, start, end, tokens, first);
  }

  /** Whether a character is spelled with its own token, so that what is next to it has nothing to wait for. */
  const isOwn = (codePoint: number) => (spellings[0]?.get(codePoint) ?? spell(codePoint, 0)).own;

  return (buffer, start, end, tokens) => {
    if (!borders || end - start <= SHORT) {
      encodeCached(buffer, start, end, tokens);
      return;
    }
    // Texts without a pre-tokenizer are one word: cut where nothing merges, its parts are seen again and again.
    let partStart = start;
    let before = -1;
    for (let i = start; i < end; ) {
      const codePoint = buffer.codePointAt(i, end);
      const apart = before !== -1 && !borders.has(before, codePoint);
      if (apart && isOwn(before) && isOwn(codePoint)) {
        encodeCached(buffer, partStart, i, tokens);
        partStart = i;
      }
      before = codePoint;
      i += codePoint > 0xffff ? 2 : 1;
    }
    encodeCached(buffer, partStart, end, tokens);
  };
}

function pushToken(tokens: IntegerList, id: number, start: number, end: number): void {
  tokens.push(id);
  tokens.push(start);
  tokens.push(end);
}

/**
 * Tokens of a word whose symbols are not its characters one after the other, as where one was left out. The library counts
 * the symbols' bytes: what follows is moved along, and a token has the characters that its bytes would be in.
 */
function pushShifted(
  buffer: TextBuffer,
  start: number,
  end: number,
  symbols: Symbols,
  tokens: IntegerList,
): void {
  let unit = start;
  let unitEnd = start;
  /** Bytes before `unitEnd`. */
  let covered = 0;
  const advanceTo = (byte: number) => {
    while (covered <= byte && unitEnd < end) {
      const codePoint = buffer.codePointAt(unitEnd, end);
      unit = unitEnd;
      unitEnd += codePoint > 0xffff ? 2 : 1;
      covered += utf8Length(codePoint);
    }
  };
  let position = 0;
  for (let i = 0; i < symbols.length; i++) {
    if (!symbols.has(i)) continue;
    advanceTo(position);
    const from = unit;
    position += symbols.bytes.values[i] ?? 0;
    advanceTo(position - 1);
    pushToken(tokens, symbols.ids.values[i] ?? 0, from, unitEnd);
  }
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
