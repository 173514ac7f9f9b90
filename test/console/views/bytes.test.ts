import { describe, expect, it } from 'vitest';
import { bytesOf, hexLines, readableOf } from '../../../console/views/failures/bytes.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const linesOf = (bytes: Uint8Array, field?: string) =>
  readableOf(bytes, field).lines.map(({ text, isAtFault }) => (isAtFault ? `> ${text}` : text));

describe('the bytes of a record', () => {
  it('that are JSON are laid out, the field at fault marked', () => {
    const record = { id: 'a', questions: ['Who?', 7], attributes: { city: [], 'x.y': {} } };

    expect(linesOf(utf8(JSON.stringify(record)), 'questions[1]')).toEqual([
      '{',
      '  "id": "a",',
      '  "questions": [',
      '    "Who?",',
      '>     7',
      '  ],',
      '  "attributes": {',
      '    "city": [],',
      '    "x.y": {}',
      '  }',
      '}',
    ]);
  });

  it('mark all of a field that holds others', () => {
    const lines = linesOf(utf8('{"attributes":{"a":1},"attributes2":1}'), 'attributes');

    expect(lines).toEqual([
      '{',
      '>   "attributes": {',
      '>     "a": 1',
      '>   },',
      '  "attributes2": 1',
      '}',
    ]);
  });

  it('that are text show what cannot be seen', () => {
    const { kind } = readableOf(utf8('plain\n\ufefftext\u202e\u0000'));

    expect(kind).toBe('text');
    expect(linesOf(utf8('plain\n\ufefftext\u202e\u0000'))).toEqual([
      'plain',
      '‹U+FEFF›text‹U+202E›‹U+0000›',
    ]);
  });

  it('that are neither are listed', () => {
    const bytes = Uint8Array.from([0xff, 0xfe, ...utf8('<img onerror=1>x')]);

    expect(readableOf(bytes).kind).toBe('bytes');
    expect(linesOf(bytes)).toEqual([
      '00000  ff fe 3c 69 6d 67 20 6f 6e 65 72 72 6f 72 3d 31  ..<img onerror=1',
      `00010  3e 78${' '.repeat(44)}>x`,
    ]);
  });

  it('are none where there are none', () => {
    expect(hexLines(bytesOf(''))).toEqual([]);
  });
});
