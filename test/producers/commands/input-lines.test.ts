import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InputLine, MAXIMUM_LINE_BYTES, splitLines } from '#producers/commands/input-lines.ts';

async function split(bytes: Buffer, chunkBytes = 64 * 1024): Promise<InputLine[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      yield bytes.subarray(at, at + chunkBytes);
    }
  }
  const lines: InputLine[] = [];
  for await (const line of splitLines(chunks())) lines.push(line);
  return lines;
}

describe('splitLines', () => {
  it('leaves out blank lines, a byte order mark and carriage returns before the next line', async () => {
    const lines = await split(Buffer.from('\uFEFF{"a":1}\r\n\r\n  \n{"b":2}'));

    expect(lines.map(({ line, text }) => [line, JSON.parse(text ?? '')])).toEqual([
      [1, { a: 1 }],
      [4, { b: 2 }],
    ]);
  });

  it('does not split at other line breaks, which may stand in JSON strings', async () => {
    const text = '{"text":"one\u2028two\u2029three\u0085four"}';

    expect(await split(Buffer.from(`${text}\n${text}`))).toEqual([
      { line: 1, text },
      { line: 2, text },
    ]);
  });

  it('names what is no UTF-8 and reads on', async () => {
    const lines = await split(
      Buffer.concat([Buffer.from([0x22, 0xff, 0x22, 0x0a]), Buffer.from('{}')]),
    );

    expect(lines).toEqual([
      { line: 1, fault: 'must be UTF-8' },
      { line: 2, text: '{}' },
    ]);
  });

  it('names a line that is longer than any record, without holding it, and reads on', async () => {
    const bytes = Buffer.from(
      `${'a'.repeat(MAXIMUM_LINE_BYTES)}\n${'b'.repeat(MAXIMUM_LINE_BYTES + 1)}\n{}\n`,
    );

    const lines = await split(bytes);

    expect(lines.map(({ line, text, fault }) => [line, text?.length, fault])).toEqual([
      [1, MAXIMUM_LINE_BYTES, undefined],
      [2, undefined, `must be at most ${MAXIMUM_LINE_BYTES} bytes long`],
      [3, 2, undefined],
    ]);
  });

  it('gives the same lines however the bytes come', async () => {
    const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 8 }),
        fc.integer({ min: 1, max: 7 }),
        async (texts, size) => {
          const bytes = Buffer.from(texts.join('\n'));

          const lines = await split(bytes, size);

          expect(lines).toEqual(await split(bytes));
          const wanted = texts.map((text, index) => ({
            line: index + 1,
            text: Buffer.from(text).toString(),
          }));
          const first = lines.filter((one) => one.line > 1);
          expect(first).toEqual(wanted.filter((one) => one.line > 1 && one.text.trim() !== ''));
        },
      ),
      { numRuns: 40 },
    );
  });
});
