import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ModelError } from '#shared/errors.ts';
import { createPrecompiled } from '#shared/nlp/tokenizer/normalizer/precompiled.ts';
import { TextBuffer } from '#shared/nlp/tokenizer/text-buffer.ts';

const fixture = new URL('../../../../fixtures/tokenizers/t5.json.gz', import.meta.url);
const { tokenizer } = JSON.parse(gunzipSync(readFileSync(fixture)).toString('utf8')) as {
  tokenizer: { normalizer: { precompiled_charsmap: string } };
};
const charsmap = tokenizer.normalizer.precompiled_charsmap;
const normalizer = createPrecompiled(charsmap);

/** The normalized text, and what each of its characters stands for. */
function normalized(text: string): { text: string; spans: string[] } {
  const out = new TextBuffer();
  normalizer.normalize(text, 0, text.length, out);
  const spans = Array.from({ length: out.length }, (_, i) =>
    text.slice(out.starts[i] ?? 0, out.ends[i] ?? 0),
  );
  return { text: out.slice(0, out.length), spans };
}

describe("SentencePiece's normalization", () => {
  test('leaves alone what has no rule', () => {
    expect(normalized('a中😀')).toEqual({ text: 'a中😀', spans: ['a', '中', '😀', '😀'] });
  });

  test('writes one character for another, and many for one', () => {
    expect(normalized('ｶ①㌔')).toEqual({
      text: 'カ1キロ',
      spans: ['ｶ', '①', '㌔', '㌔'],
    });
  });

  test('composes a letter and its mark, under the span of the letter', () => {
    expect(normalized('e\u0301x')).toEqual({ text: 'éx', spans: ['e', 'x'] });
  });

  test('replaces a short cluster by the rule for its beginning', () => {
    expect(normalized('a\u0306\u0301').text).toBe('ă');
    expect(normalized('a\r\nb')).toEqual({ text: 'a b', spans: ['a', '\r', 'b'] });
  });

  test('removes characters without moving the spans of the others, at the start neither', () => {
    expect(normalized('\u0001\u0002a\u0003b')).toEqual({ text: 'ab', spans: ['a', 'b'] });
    // What was written beside a character takes the place of what is removed after it.
    expect(normalized('\u2122\u0001b')).toEqual({ text: 'TMb', spans: ['™', '\u0001', 'b'] });
  });

  test('takes half of a surrogate pair for what stands in its place', () => {
    expect(normalized('a\ud800b').text).toBe(normalized('a\ufffdb').text);
  });

  test.each(['', 'AAAA', 'not base64', charsmap.slice(0, 1_000)])('refuses %j', (broken) => {
    expect(() => createPrecompiled(broken)).toThrow(ModelError);
  });
});
