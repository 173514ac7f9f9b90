import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmless, markedText } from '#shared/cli/marked-text.ts';

describe('harmless', () => {
  it('shows what a terminal would obey, and keeps everything else', () => {
    const text =
      'a\u001b[31mred\u001b]0;title\u0007\nb\tc\r\nd\u007f\u009b2J\u202eevil\u2066 é日🦉';
    expect(harmless(text)).toBe('a␛[31mred␛]0;title␇ b c d␡<U+009B>2J<U+202E>evil<U+2066> é日🦉');
  });

  it('leaves no control and no mark of direction in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(harmless(text)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
        expect(harmless(text).isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('markedText', () => {
  it('marks spans by their offsets, whatever the text holds', () => {
    const text = '🦉\u001b Ada\nLovelace lived in London.';
    const spans = [
      { type: 'LOC', start: text.indexOf('London'), end: text.indexOf('.') },
      { type: 'PER', start: text.indexOf('Ada'), end: text.indexOf(' lived') },
    ];
    expect(markedText(text, spans)).toBe('🦉␛ Ada Lovelace [PER] lived in London [LOC].');
  });

  it('marks the first of spans that overlap', () => {
    const spans = [
      { type: 'A', start: 0, end: 4 },
      { type: 'B', start: 2, end: 6 },
    ];
    expect(markedText('abcdef', spans)).toBe('abcd [A]ef');
  });
});
