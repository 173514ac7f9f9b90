import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { linesOf, loop, readRecords } from '#producers/commands/read-lines.ts';
import { ConfigurationError } from '#shared/errors.ts';

const lines = (text: string) => linesOf('-', Readable.from([Buffer.from(text)]));

describe('readRecords', () => {
  it('names the line and field of every bad line and keeps the others', async () => {
    const text = [
      '{"id":"a","text":"one"}',
      '{"id":"b","text":',
      '',
      '{"id":"c d","text":"three"}',
      '[]',
      '{"id":"e","text":"five","questions":["Who?",7]}',
      '{"id":"f","text":"six"}',
    ].join('\r\n');

    const { records, bad } = await readRecords(lines(text));

    expect(records.map(({ id }) => id)).toEqual(['a', 'f']);
    expect(bad.map(({ line, field }) => [line, field])).toEqual([
      [2, '(record)'],
      [4, 'id'],
      [5, '(record)'],
      [6, 'questions[1]'],
    ]);
    expect(bad[1]?.message).toBe('id must be 1 to 128 of A-Z a-z 0-9 . _ : -');
  });

  it('reads past a byte order mark and sets a source on every record', async () => {
    const { records, bad } = await readRecords(
      lines('\uFEFF{"id":"a","text":"one","source":"old"}\n{"id":"b","text":"two"}'),
      'new',
    );

    expect(bad).toEqual([]);
    expect(records.map(({ source }) => source)).toEqual(['new', 'new']);
  });

  it('blames the source where it breaks the rule', async () => {
    const { bad } = await readRecords(lines('{"id":"a","text":"one"}'), 'with blanks');

    expect(bad.map(({ field }) => field)).toEqual(['source']);
  });

  it('names a file that is not there', async () => {
    await expect(readRecords(linesOf('no-such-file.jsonl'))).rejects.toThrow(
      /cannot read no-such-file.jsonl/,
    );
  });
});

describe('loop', () => {
  const record = { id: 'a', text: 'one', source: 'default' };

  it('gives every round ids of its own', () => {
    expect([...loop([record], 3)].map(({ id }) => id)).toEqual(['a', 'a.2', 'a.3']);
  });

  it('refuses ids that would become too long', () => {
    const long = { ...record, id: 'a'.repeat(127) };

    expect(() => [...loop([long], 2)]).toThrow(ConfigurationError);
    expect([...loop([long], 1)]).toEqual([long]);
  });
});
