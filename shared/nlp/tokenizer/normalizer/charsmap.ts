import { ModelError } from '#shared/errors.ts';

/** What a rule writes in the place of characters. */
export interface Replacement {
  readonly units: Uint16Array;
}

/** Bytes of the number before the trie, and of each of its units. */
const WORD = 4;

/**
 * The rules of a SentencePiece model's normalization: a double-array trie (Aoe, 1989; the layout is that of Darts-clone) over
 * UTF-8 bytes, whose values are places in a list of texts that end with a zero byte.
 */
export class Charsmap {
  private readonly trie: Uint32Array;
  private readonly texts: Uint8Array;
  private readonly read = new Map<number, Replacement>();

  /**
   * @param base64 as `tokenizer.json` holds it
   * @throws {ModelError} where it is cut short.
   */
  constructor(base64: string) {
    const bytes = Buffer.from(base64, 'base64');
    const size = bytes.length < WORD ? 0 : bytes.readUInt32LE(0);
    if (size === 0 || size % WORD !== 0 || WORD + size > bytes.length) {
      throw new ModelError('tokenizer.json: a precompiled_charsmap is no map of characters');
    }
    this.trie = Uint32Array.from({ length: size / WORD }, (_, i) =>
      bytes.readUInt32LE((i + 1) * WORD),
    );
    this.texts = bytes.subarray(WORD + size);
  }

  /** The rule for the shortest beginning of `key.subarray(0, length)` that has one; undefined where none has. */
  shortest(key: Uint8Array, length: number): Replacement | undefined {
    const { trie } = this;
    let node = offsetOf(trie[0] ?? 0);
    for (let i = 0; i < length; i++) {
      const byte = key[i] ?? 0;
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = trie[node] ?? 0;
      if ((unit & LABEL) !== byte) return undefined;
      node ^= offsetOf(unit);
      if (unit & HAS_LEAF) return this.text((trie[node] ?? 0) & VALUE);
    }
    return undefined;
  }

  private text(at: number): Replacement {
    let found = this.read.get(at);
    if (found === undefined) {
      const end = this.texts.indexOf(0, at);
      const text = utf8.decode(this.texts.subarray(at, end === -1 ? undefined : end));
      found = { units: Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)) };
      this.read.set(at, found);
    }
    return found;
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** A unit's byte, with the bit that marks a value, which no byte equals. */
const LABEL = 0x800000ff | 0;
const HAS_LEAF = 1 << 8;
const VALUE = 0x7fffffff;

/** How far a unit's children are, to be combined with its place by exclusive or. */
function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}
