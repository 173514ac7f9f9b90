import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginningOf, type Layer, type Mark, segmentsOf } from '../../../console/text/segments.ts';

const mark = (layer: Layer, name: string, start: number, end: number): Mark => ({
  layer,
  name,
  start,
  end,
  score: 0.9,
});

/** Any text, with spans anywhere in it, and some that reach out of it. */
const markedText = fc.string({ unit: 'grapheme', maxLength: 60 }).chain((text) => {
  const offset = fc.integer({ min: -1, max: text.length + 1 });
  const span = fc
    .tuple(fc.constantFrom<Layer>('entity', 'answer', 'pii', 'tag'), offset, offset)
    .map(([layer, start, end]) => mark(layer, `${start}-${end}`, start, end));
  return fc.record({ text: fc.constant(text), marks: fc.array(span, { maxLength: 12 }) });
});

describe('segmentsOf', () => {
  it('cuts an answer around the entity in it', () => {
    const answer = mark('answer', 'Who?', 0, 15);
    const person = mark('entity', 'PER', 4, 10);

    const segments = segmentsOf('Dr. Monroe, MD, said so.', [answer, person]);

    expect(segments.map(({ text, marks }) => [text, marks])).toEqual([
      ['Dr. ', [answer]],
      ['Monroe', [answer, person]],
      [', MD,', [answer]],
      [' said so.', []],
    ]);
  });

  it('cuts spans that cross', () => {
    const one = mark('entity', 'ORG', 0, 6);
    const other = mark('pii', 'PERSON', 3, 9);

    const segments = segmentsOf('abcdefghi', [one, other]);

    expect(segments.map(({ text, marks }) => [text, marks])).toEqual([
      ['abc', [one]],
      ['def', [one, other]],
      ['ghi', [other]],
    ]);
  });

  it('slices by UTF-16 code units', () => {
    const [, segment] = segmentsOf('👋🏽 Ada', [mark('entity', 'PER', 5, 8)]);

    expect(segment?.text).toBe('Ada');
  });

  it('gives the text whole, and each span that lies in it', () => {
    fc.assert(
      fc.property(markedText, ({ text, marks }) => {
        const segments = segmentsOf(text, marks);
        expect(segments.map((segment) => segment.text).join('')).toBe(text);
        for (const one of marks) {
          const covered = segments.filter((segment) => segment.marks.includes(one));
          const isInside = one.start >= 0 && one.start < one.end && one.end <= text.length;
          expect(covered.map((segment) => segment.text).join('')).toBe(
            isInside ? text.slice(one.start, one.end) : '',
          );
        }
      }),
    );
  });
});

describe('beginningOf', () => {
  it('ends at a space that is near', () => {
    expect(beginningOf(`${'x'.repeat(90)} ${'y'.repeat(90)}`, 100)).toBe(90);
  });

  it('never ends within a surrogate pair', () => {
    expect(beginningOf('👋'.repeat(60), 101)).toBe(100);
  });
});
