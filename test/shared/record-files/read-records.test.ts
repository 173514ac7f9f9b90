import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAXIMUM_LINE_BYTES } from '#shared/record-files/lines.ts';
import { readRecords } from '#shared/record-files/read-records.ts';
import { openFile, type Read, readAll } from './support.ts';

const linesOf = (read: readonly Read[]) =>
  read.map(({ line, record, rejection }) => [line, record ?? rejection?.reason]);

describe('readRecords', () => {
  it('reads JSON Lines, counts blank lines, and goes on behind bad ones', async () => {
    const content = `\uFEFF{"id":"a"}\r\n\n[1]\n{"id":"b"\n{"id":"\u2028"}`;
    const read = await readAll(content, 'jsonl');
    expect(linesOf(read)).toEqual([
      [1, { id: 'a' }],
      [3, 'invalid-record'],
      [4, 'invalid-json'],
      [5, { id: '\u2028' }],
    ]);
    expect(read[2]?.bytes).toBe('{"id":"b"');
  });

  it('refuses a line that is too long or no UTF-8, and keeps the beginning of the former', async () => {
    const long = Buffer.alloc(MAXIMUM_LINE_BYTES + 1, 'x');
    const content = Buffer.concat([long, Buffer.from('\n\xff\n{}\n', 'latin1')]);
    const read = await readAll(content, 'jsonl', { chunkBytes: 65_536 });
    expect(linesOf(read)).toEqual([
      [1, 'too-large'],
      [2, 'undecodable'],
      [3, {}],
    ]);
    expect(read[0]?.bytes.length).toBe(65_536);
    expect(read[0]?.next).toEqual({ line: 2, offset: MAXIMUM_LINE_BYTES + 2 });
  });

  it('reads a table: quotes, line breaks in cells, lists, attributes, empty cells', async () => {
    const content = [
      'id,text,tasks,questions,city,\r',
      'a,"x ""q"", y\nz",entities tags,"Who?\nWhere?",Oslo,\r',
      'b,5" pipe,,,,\r',
      'c,"bad"quote,,,,',
      'd,too,few',
      'e,"open',
    ].join('\n');
    expect(linesOf(await readAll(content, 'csv'))).toEqual([
      [
        2,
        {
          id: 'a',
          text: 'x "q", y\nz',
          tasks: ['entities', 'tags'],
          questions: ['Who?', 'Where?'],
          attributes: { city: 'Oslo' },
        },
      ],
      [5, { id: 'b', text: '5" pipe' }],
      [6, 'invalid-record'],
      [7, 'invalid-record'],
      [8, 'invalid-record'],
    ]);
    expect(linesOf(await readAll('text\tid\n"a\tb"\tc\n', 'tsv'))).toEqual([
      [2, { text: 'a\tb', id: 'c' }],
    ]);
  });

  it.each([
    ['short', 1_000, 'the row has a quote that is not closed'],
    ['long', 900_000, 'the line must be at most 8388608 bytes long'],
  ])('says how much a quote that is not closed takes in: %s', async (_, rows, fault) => {
    const records = await readAll(`text\na\n"b\n${'x,12345678\n'.repeat(rows)}`, 'csv');

    expect(records.map(({ rejection }) => rejection?.message)).toEqual([
      undefined,
      `${fault}; line breaks inside it, as where a quote is not closed: ${rows + 1}`,
    ]);
  });

  it.each([
    ['', 'columns must name one `text`'],
    ['id,body\n1,x', 'columns must name one `text`'],
    ['text,a,a\n', 'a is there twice'],
    ['"text\n', 'a quote that is not closed'],
  ])('refuses a table whose columns are wrong: %j', async (content, message) => {
    await expect(readAll(content, 'csv')).rejects.toThrow(message);
  });

  it.each([
    ['no gzip', Buffer.from('{"id":"a"}\n'), 'is not gzip'],
    ['cut short', gzipSync('{"id":"a"}\n'.repeat(1_000)).subarray(0, 40), 'cut short'],
  ])('says of gzip that it is %s', async (_, content, message) => {
    const reading = async () => {
      for await (const _ of readRecords(openFile(content), { format: 'jsonl', gzip: true }));
    };
    await expect(reading()).rejects.toThrow(message);
    await expect(reading()).rejects.toMatchObject({ code: 'undecodable' });
  });

  it('lets through what opening the file throws', async () => {
    const open = async function* () {
      yield gzipSync('{}\n').subarray(0, 10);
      throw new Error('gone');
    };
    const records = readRecords(open, { format: 'jsonl', gzip: true });
    await expect(records.next()).rejects.toThrow('gone');
  });

  it('refuses a text that is not UTF-8', async () => {
    await expect(readAll(Buffer.from([0x61, 0xff]), 'text')).rejects.toMatchObject({
      code: 'undecodable',
    });
  });

  const format = fc.constantFrom('jsonl', 'csv', 'tsv', 'text');
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(fc.constantFrom('text', 'id', ',', '\t', '"', '\n', '\r\n', '{"a":1}', 'é', '\uFEFF'))
      .map((parts) => Buffer.from(parts.join(''))),
    fc
      .array(fc.constantFrom('x', '"', ',', '\n', '""', '\r'))
      .map((parts) => Buffer.from(`text,id\n${parts.join('')}`)),
  );

  /** What is read until the end, or until it is said why there is no end. */
  const outcomeOf = async (...given: Parameters<typeof readAll>) => {
    try {
      return await readAll(...given);
    } catch (error) {
      return String(error);
    }
  };

  it('gives the same for any bytes, however they are cut into chunks, and inflated', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, format, fc.integer({ min: 1, max: 9 }), async (content, kind, at) => {
        const whole = await outcomeOf(content, kind);
        expect(await outcomeOf(content, kind, { chunkBytes: at })).toEqual(whole);
        expect(await outcomeOf(content, kind, { gzip: true })).toEqual(whole);
      }),
    );
  });

  it('goes on at any position as if it had never stopped', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, format, fc.boolean(), async (content, kind, gzip) => {
        const whole = await outcomeOf(content, kind, { gzip });
        if (typeof whole === 'string') return;
        for (const [index, { next }] of whole.entries()) {
          const from = JSON.parse(JSON.stringify(next));
          expect(await readAll(content, kind, { gzip, from })).toEqual(whole.slice(index + 1));
        }
      }),
    );
  });

  it('loses no byte: what lies between positions is the record, its line break or blank', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (content) => {
        const read = await readAll(content, 'jsonl');
        let at = 0;
        for (const { bytes: line, next } of read) {
          const between = Buffer.from(content.subarray(at, next.offset)).toString('latin1');
          expect(between.replace(/\n$/, '').endsWith(line)).toBe(true);
          const before = between.replace(/\n$/, '').slice(0, -line.length || undefined);
          expect(Buffer.from(before, 'latin1').toString().trim()).toBe('');
          at = next.offset;
        }
        expect(Buffer.from(content.subarray(at)).toString().trim()).toBe('');
      }),
    );
  });
});
