import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import type { Encoding, FramePart, Tokenizer } from '#shared/nlp/types.ts';

/** What `fixtures/tokenizers/make.py` writes of a family. */
interface Family {
  readonly tokenizer: object | string;
  readonly digests: string;
  /** Ids and type ids of a text alone and of two, with the special tokens. */
  readonly frames: readonly {
    readonly texts: readonly [string, string];
    readonly single: Framed;
    readonly pair: Framed;
  }[];
  /** Of the first texts, one after the other. */
  readonly encodings: Readonly<Record<'counts' | 'ids' | 'gaps' | 'lengths' | 'steps', number[]>>;
}

type Framed = readonly [ids: number[], typeIds: number[]];

const folder = new URL('../../../../fixtures/tokenizers/', import.meta.url);

function read<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(new URL(name, folder))).toString('utf8')) as T;
}

const { texts } = read<{ texts: string[] }>('texts.json.gz');
const families = readdirSync(folder)
  .filter((name) => name.endsWith('.json.gz') && name !== 'texts.json.gz')
  .map((name) => name.replace('.json.gz', ''));

describe("the families' encodings, as Hugging Face tokenizers give them", () => {
  test('are of enough texts and families', () => {
    expect(texts.length).toBeGreaterThan(5_000);
    expect(families.length).toBeGreaterThanOrEqual(20);
  });

  test.each(families)(
    '%s',
    (name) => {
      // Prepare
      const { tokenizer: source, digests, encodings, frames } = read<Family>(`${name}.json.gz`);
      const tokenizer = createTokenizer(typeof source === 'string' ? read(source) : source);
      const expected = new Uint32Array(new Uint8Array(Buffer.from(digests, 'base64')).buffer);

      // Act
      const different: unknown[] = [];
      const whole = unpack(encodings);
      texts.forEach((text, index) => {
        const given = tokenizer.encode(text);
        if (digest(given) === expected[index]) return;
        const show = `make.py --show ${name} ${index}`;
        different.push({ text, given: tokensOf(given), expected: whole[index] ?? show });
      });

      // Assess
      expect(frames.map(({ texts: [first, second] }) => framed(tokenizer, first, second))).toEqual(
        frames.map(({ single, pair }) => ({ single, pair })),
      );
      expect(expected.length).toBe(texts.length);
      expect(different.slice(0, 3), `${different.length} texts differ`).toEqual([]);
    },
    120_000,
  );
});

/** Id, start, end and word of each token. */
type Token = readonly [number, number, number, number];

function tokensOf({ ids, starts, ends, wordIds }: Encoding): Token[] {
  return Array.from(ids, (id, i) => [id, starts[i] ?? 0, ends[i] ?? 0, wordIds[i] ?? 0]);
}

/** FNV-1a of the tokens' numbers. */
function digest({ ids, starts, ends, wordIds }: Encoding): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < ids.length; i++) {
    value = Math.imul(value ^ (ids[i] ?? 0), 0x01000193);
    value = Math.imul(value ^ (starts[i] ?? 0), 0x01000193);
    value = Math.imul(value ^ (ends[i] ?? 0), 0x01000193);
    value = Math.imul(value ^ (wordIds[i] ?? 0), 0x01000193);
  }
  return value >>> 0;
}

function framed(tokenizer: Tokenizer, first: string, second: string) {
  const { single, pair } = tokenizer;
  const one = sequence(tokenizer, first, single.first);
  const two = [sequence(tokenizer, first, pair.first), sequence(tokenizer, second, pair.second)];
  return {
    single: joined([single.prefix, one, single.suffix]),
    pair: joined([pair.prefix, two[0], pair.middle, two[1], pair.suffix]),
  };
}

function sequence(tokenizer: Tokenizer, text: string, typeId: number): FramePart {
  const { ids } = tokenizer.encode(text);
  return { ids, typeIds: ids.map(() => typeId) };
}

function joined(parts: readonly (FramePart | undefined)[]): Framed {
  const all = parts.filter((part) => part !== undefined);
  return [all.flatMap(({ ids }) => [...ids]), all.flatMap(({ typeIds }) => [...typeIds])];
}

function unpack({ counts, ids, gaps, lengths, steps }: Family['encodings']): Token[][] {
  let next = 0;
  return counts.map((count) => {
    let position = 0;
    let word = 0;
    return Array.from({ length: count }, (): Token => {
      const start = position + (gaps[next] ?? 0);
      position = start + (lengths[next] ?? 0);
      word += steps[next] ?? 0;
      return [ids[next++] ?? 0, start, position, word];
    });
  });
}
