import { describe, expect, it } from 'vitest';
import { inRound, isBadLine, readLine } from '#producers/commands/read-lines.ts';

const read = (text: string, options: { source?: string; loop?: number } = {}) =>
  readLine({ line: 7, text }, { loop: 1, ...options });

describe('readLine', () => {
  it.each([
    ['{"id":"b","text":', '(record)', /JSON/],
    ['{"id":"c d","text":"three"}', 'id', /^id must be 1 to 128 of A-Z a-z 0-9 \. _ : -$/],
    ['[]', '(record)', /./],
    ['{"id":"e","text":"five","questions":["Who?",7]}', 'questions[1]', /string/],
  ])('names line and field of %s', (text, field, message) => {
    expect(read(text)).toEqual({ line: 7, field, message: expect.stringMatching(message) });
  });

  it('passes on what was wrong with the line itself', () => {
    const bad = readLine({ line: 3, fault: 'must be UTF-8' }, { loop: 1 });

    expect(bad).toEqual({ line: 3, field: '(record)', message: 'the line must be UTF-8' });
  });

  it('sets a source in place of the own one, and blames a bad one', () => {
    const text = '{"id":"a","text":"one","source":"old"}';

    expect(read(text, { source: 'new' })).toMatchObject({ id: 'a', source: 'new' });
    expect(read(text, { source: 'with blanks' })).toMatchObject({ field: 'source' });
  });

  it('refuses an id that a later round would make too long', () => {
    const text = JSON.stringify({ id: 'a'.repeat(126), text: 'one' });

    expect(isBadLine(read(text, { loop: 9 }))).toBe(false);
    expect(read(text, { loop: 10 })).toMatchObject({ line: 7, field: 'id' });
  });
});

describe('inRound', () => {
  it('gives every round an id of its own', () => {
    const record = { id: 'a', text: 'one', source: 'default' };

    expect([1, 2, 10].map((round) => inRound(record, round).id)).toEqual(['a', 'a.2', 'a.10']);
  });
});
