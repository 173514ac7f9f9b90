import { describe, expect, test } from 'vitest';
import { cutText } from '#shared/record-files/cut-text.ts';
import type { RecordFormat } from '#shared/record-files/format.ts';
import { growthOf, LINEAR } from '#test/fuzz/growth.ts';
import { readAll } from './support.ts';

const table = (row: string) => (size: number) => `text,id\n${row.repeat(size / row.length)}`;

const files: readonly [string, RecordFormat, (size: number) => string][] = [
  ['JSON Lines', 'jsonl', (size) => '{"text":"a"}\n'.repeat(size / 13)],
  ['one line', 'jsonl', (size) => `{"text":"${'a'.repeat(size)}"}`],
  ['lines that are no JSON', 'jsonl', (size) => '{\n'.repeat(size / 2)],
  ['blank lines', 'jsonl', (size) => '\n'.repeat(size)],
  ['rows', 'csv', table('"Ann said ""no""",1\n')],
  ['a quote that never closes', 'csv', (size) => `text\n"${'a,\n'.repeat(size / 3)}`],
  ['quotes at the wrong place', 'csv', table('"a"b,"c\n')],
  ['doubled quotes alone', 'csv', (size) => `text\n"${'""'.repeat(size / 2)}"\n`],
  ['delimiters alone', 'csv', (size) => `text\n${','.repeat(size)}`],
  ['a text of its own', 'text', (size) => 'Ann met Bob. '.repeat(size)],
  ['blanks alone', 'text', (size) => ' '.repeat(size * 10)],
];

describe('files are read in time in proportion to their bytes', () => {
  test.each(files)('%s', async (_, format, make) => {
    // In small chunks, so that what is kept from chunk to chunk is tried too.
    const read = (content: string) => readAll(content, format, { chunkBytes: 100 });
    expect(await growthOf(read, make)).toBeLessThan(LINEAR);
  });

  const texts: readonly [string, string][] = [
    ['sentences', 'Ann met Bob. '],
    ['one word', 'a'],
    ['marks on one letter', '\u0301'],
    ['flags', '\u{1f1e9}'],
    ['joiners', '\u200d'],
  ];
  test.each(texts)('and cut: %s', async (_, part) => {
    const make = (size: number) => part.repeat((size * 40) / part.length);
    expect(await growthOf(cutText, make)).toBeLessThan(LINEAR);
  });
});
