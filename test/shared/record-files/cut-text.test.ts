import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAXIMUM_TEXT_BYTES } from '#shared/contracts/text-record.ts';
import { cutText, isLongText } from '#shared/record-files/cut-text.ts';
import { nameRecords } from '#shared/record-files/name-records.ts';
import { type Read, readAll } from './support.ts';

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
const sentence = fc.constantFrom(
  'Ann met Bob in Oslo. ',
  'Ça coûte 5 €, dit-il\u00a0! ',
  '日本の首都は東京です。',
  '👩‍👩‍👧‍👦🇩🇪é̂́',
  'word'.repeat(50),
  '\n\n',
  '\t ',
);
const longText = fc
  .tuple(fc.array(sentence, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 4_000 }))
  .map(([parts, times]) => parts.join('').repeat(times))
  .filter((text) => isLongText(text) && text.length < 1_000_000 && text.trim() !== '');

describe('cutText', () => {
  it('leaves a text whole that fits', () => {
    const text = 'é'.repeat(MAXIMUM_TEXT_BYTES / 2);
    expect(isLongText(text)).toBe(false);
    expect(isLongText(`${text}.`)).toBe(true);
    expect(cutText(text)).toEqual([{ text, start: 0 }]);
  });

  it('cuts at the end of a sentence', () => {
    const pieces = cutText('Ann met Bob in Oslo. '.repeat(10_000));
    expect(pieces.length).toBe(3);
    for (const { text } of pieces) expect(text).toMatch(/^Ann .*Oslo\. $/s);
  });

  it('cuts between words where no sentence ends, and between graphemes where no word does', () => {
    for (const { text } of cutText('word '.repeat(50_000))) expect(text).toMatch(/^word .*word $/);
    const family = '👩‍👩‍👧‍👦';
    const pieces = cutText(family.repeat(20_000));
    expect(pieces.length).toBeGreaterThan(2);
    for (const { text } of pieces) expect(text.replaceAll(family, '')).toBe('');
  });

  it('cuts a grapheme that fits no record between code points', () => {
    const text = `a${'\u{1e000}'.repeat(60_000)}`;
    for (const piece of cutText(text)) expect(piece.text.isWellFormed()).toBe(true);
    expect(
      cutText(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
  });

  it('loses nothing but blanks, fits every piece, and breaks no grapheme', () => {
    fc.assert(
      fc.property(longText, (text) => {
        let at = 0;
        for (const { text: piece, start } of cutText(text)) {
          expect(text.slice(at, start).trim()).toBe('');
          expect(text.slice(start, start + piece.length)).toBe(piece);
          expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(MAXIMUM_TEXT_BYTES);
          const around = graphemes.segment(text.slice(Math.max(0, start - 64), start + 64));
          expect(around.containing(Math.min(64, start))?.index).toBe(Math.min(64, start));
          at = start + piece.length;
        }
        expect(text.slice(at).trim()).toBe('');
      }),
      { numRuns: 20 },
    );
  });

  it('is cut alike in a file of its own and in a line, whatever the chunks, and from any piece on', async () => {
    const origin = { name: 'inbox/book.txt', idPrefix: 'book' };
    const text = 'Ann met Bob in Oslo. It was late!\n'.repeat(10_000);
    const named = (read: readonly Read[]) =>
      read.flatMap((one) => nameRecords({ ...one, bytes: Buffer.from(one.bytes) }, origin));
    const pieces = await readAll(text, 'text');
    const inLine = await readAll(JSON.stringify({ text, id: 'book' }), 'jsonl');
    const ofText = named(pieces).map((record) => [
      record.id,
      record.text,
      record.attributes?.['file.offset'],
    ]);
    expect(ofText).toEqual(
      named(inLine).map((record) => [record.id, record.text, record.attributes?.['file.offset']]),
    );
    expect(ofText.map(([id]) => id)).toEqual(['book.1', 'book.2', 'book.3', 'book.4']);
    expect(await readAll(text, 'text', { chunkBytes: 999 })).toEqual(pieces);
    for (const [index, { next, line, part }] of pieces.entries()) {
      expect(await readAll(text, 'text', { from: next })).toEqual(pieces.slice(index + 1));
      expect(text.slice(0, part?.start).split('\n').length).toBe(line);
    }
  });
});

describe('nameRecords', () => {
  const origin = { name: 'inbox/a.jsonl', idPrefix: 's3-1' };
  const named = (record: Record<string, unknown>, more = {}) =>
    nameRecords(
      { line: 7, bytes: Buffer.from(''), next: { line: 8, offset: 1 }, record },
      {
        ...origin,
        ...more,
      },
    );

  it('leaves a record with an id as it is, and names one without', () => {
    expect(named({ id: 'a', text: 'x', attributes: { b: 'c' } })).toEqual([
      { id: 'a', text: 'x', attributes: { b: 'c' } },
    ]);
    expect(named({ text: 'x', attributes: { b: 'c' } })).toEqual([
      {
        id: 's3-1-7',
        text: 'x',
        attributes: { b: 'c', 'file.name': 'inbox/a.jsonl', 'file.line': '7' },
      },
    ]);
  });

  it('gives the source to what names none', () => {
    expect(named({ id: 'a', text: 'x' }, { source: 's' })[0]?.source).toBe('s');
    expect(named({ id: 'a', text: 'x', source: 't' }, { source: 's' })[0]?.source).toBe('t');
  });

  it('refuses attributes that are no map', () => {
    expect(() => named({ text: 'x', attributes: ['a'] })).toThrow('attributes must be an object');
  });
});
