import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Input } from '#producers/commands/inputs.ts';
import { createRecordSource, type SourceState } from '#producers/commands/record-source.ts';
import { createProducerOn } from '#producers/producer.ts';
import type { RecordFormat } from '#shared/record-files/format.ts';
import { openFile } from '#test/shared/record-files/support.ts';

/** A file in memory. */
function inputOf(name: string, format: RecordFormat, text: string, gzip = false): Input {
  const content = gzip ? gzipSync(text) : Buffer.from(text);
  return {
    ...{ name, format: { format, gzip }, size: content.length, version: '1' },
    origin: { name, idPrefix: name },
    open: openFile(content, 97),
    close() {},
  };
}
/** What can be read once. */
const pipeOf = (text: string): Input => ({
  ...{ name: 'standard input', format: { format: 'jsonl', gzip: false } },
  open: openFile(text),
  close() {},
});
const line = (id: string, text = `Text ${id}.`) => `${JSON.stringify({ id, text })}\n`;

async function idsOf(inputs: readonly Input[], flags: object = {}) {
  const named: string[] = [];
  const source = createRecordSource(inputs, { loop: 1, ...flags }, (fault) => named.push(fault));
  const ids: string[] = [];
  for await (const { id } of source.records()) ids.push(id);
  return { ids, named, source };
}

describe('a source of records', () => {
  it('gives those of files of every format, one file after the other', async () => {
    const { ids, named } = await idsOf([
      inputOf('a.jsonl', 'jsonl', line('a') + line('b')),
      inputOf('b.csv', 'csv', 'id,text\nc,One\n,Two\n'),
      inputOf('c.txt', 'text', 'A text of its own.'),
      inputOf('d.tsv', 'tsv', 'text\tid\nThree\td\n', true),
    ]);

    expect(ids).toEqual(['a', 'b', 'c', 'b.csv-3', 'c.txt', 'd']);
    expect(named).toEqual([]);
  });

  it('goes round by round over files, and line by line where one can be read only once', async () => {
    const file = inputOf('a.jsonl', 'jsonl', line('a') + line('b'));

    const rounds = await idsOf([file, file], { loop: 2 });
    const times = await idsOf([pipeOf(line('a')), file], { loop: 2 });

    expect(rounds.ids.join()).toBe('a,b,a,b,a.2,b.2,a.2,b.2');
    expect(times.ids.join()).toBe('a,a.2,a,a.2,b,b.2');
  });

  it('cuts a text that fits no record, and asks standard input for ids', async () => {
    const { ids } = await idsOf([
      inputOf('a.jsonl', 'jsonl', line('a', 'It is long. '.repeat(15_000))),
    ]);
    const { named } = await idsOf([pipeOf('{"text":"no id"}\n')]);

    expect(ids).toEqual(['a.1', 'a.2']);
    expect(named).toEqual(['line 1: id is required']);
  });

  it('names a bad line by its file where there are several, once, and stops there unless told otherwise', async () => {
    const inputs = [
      inputOf('a.jsonl', 'jsonl', `${line('a')}[]\n${line('b')}`),
      inputOf('b.jsonl', 'jsonl', line('c')),
    ];

    const strict = await idsOf(inputs, { loop: 2 });
    const lenient = await idsOf(inputs, { loop: 2, skipInvalid: true });

    expect(strict.ids).toEqual(['a']);
    expect(strict.source.endedAt()).toBe('a.jsonl, line 2');
    expect(lenient.named).toEqual(['a.jsonl, line 2: (record) must be an object']);
    expect(lenient.source.read()).toBe(8);
  });

  it.each<[string, Input, RegExp]>([
    ['no gzip', { ...inputOf('a.jsonl.gz', 'jsonl', ''), open: openFile('{}') }, /not gzip/],
    ['a table without texts', inputOf('a.csv', 'csv', 'id\na\n'), /columns must name one `text`/],
  ])('names a file that is %s', async (_, input, sentence) => {
    const gzipped = input.name.endsWith('.gz')
      ? { ...input, format: { format: 'jsonl', gzip: true } as const }
      : input;

    await expect(idsOf([gzipped])).rejects.toThrow(sentence);
    await expect(idsOf([gzipped])).rejects.toThrow(/^cannot read a\./);
  });
});

/** A stream that leaves out some records of some calls, and a run that is killed in its call of a number. */
async function runUntilKilled(
  inputs: readonly Input[],
  flags: { loop: number; skipInvalid: true },
  begun: SourceState | undefined,
  { killAt, isAnswered, fails }: { killAt: number; isAnswered: boolean; fails: () => boolean },
) {
  const put: string[] = [];
  let inFlight: string[] = [];
  let calls = 0;
  let state: SourceState | undefined;
  const isKilled = () => calls >= killAt;
  const source = createRecordSource(inputs, flags, () => {}, begun);
  const save = () => {
    if (!isKilled()) state = source.state();
  };
  save();
  const killed = new AbortController();
  const producer = createProducerOn(
    async (blobs) => {
      if (isKilled()) return blobs.map(() => undefined);
      calls += 1;
      const ids = blobs.map(
        ({ data }) => (JSON.parse(Buffer.from(data).toString()) as { id: string }).id,
      );
      if (isKilled()) killed.abort();
      if (isKilled() && !isAnswered) return blobs.map(() => undefined);
      const answers = ids.map(() => (fails() ? 'Throttled: later' : undefined));
      inFlight = ids.filter((_, at) => answers[at] === undefined);
      put.push(...inFlight);
      return answers;
    },
    { backoff: { baseMs: 0, capMs: 0 }, ratePerSecond: 50_000, signal: killed.signal },
  );
  const report = await producer.put(source.records(), {
    onPut: source.onPut,
    onProgress: save,
    onInvalid: ({ record, message }) => source.onInvalid(record, message),
    onStranded: () => {},
  });
  return {
    put,
    inFlight: isKilled() ? inFlight : [],
    state: isKilled() ? state : undefined,
    report,
  };
}

describe('a source that goes on where a killed one stood', () => {
  it('misses nothing, and puts nothing twice but what was in flight', async () => {
    const file = fc.record({
      format: fc.constantFrom('jsonl', 'csv', 'text'),
      gzip: fc.boolean(),
      // Small numbers are ids, so that keys repeat; larger ones are bad lines.
      lines: fc.array(fc.nat(24), { maxLength: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 2 }),
        fc.array(fc.record({ killAt: fc.integer({ min: 1, max: 6 }), isAnswered: fc.boolean() }), {
          maxLength: 4,
        }),
        fc.infiniteStream(fc.nat(9)),
        async (files, loop, kills, dice) => {
          // Prepare
          const inputs = files.map(({ format, gzip, lines }, at) => {
            const name = `f${at}`;
            if (format === 'text') return inputOf(name, format, 'Words. '.repeat(16_000), gzip);
            if (format === 'csv') {
              const rows = lines.map((n) => (n > 20 ? 'too,many,cells' : `k${n},Text`));
              return inputOf(name, format, `id,text\n${rows.join('\n')}`, gzip);
            }
            return inputOf(
              name,
              format,
              lines.map((n) => (n > 20 ? '[]\n' : line(`k${n}`))).join(''),
              gzip,
            );
          });
          const flags = { loop, skipInvalid: true } as const;
          const fails = () => (dice.next().value ?? 0) > 7;
          const { ids: wanted } = await idsOf(inputs, flags);

          // Act
          const put: string[] = [];
          const twice: string[] = [];
          let state: SourceState | undefined;
          for (const kill of [...kills, { killAt: Number.POSITIVE_INFINITY, isAnswered: true }]) {
            const run = await runUntilKilled(inputs, flags, state, { ...kill, fails });
            put.push(...run.put);
            if (run.state === undefined) break;
            // Through JSON, as it lies in the file.
            state = JSON.parse(JSON.stringify(run.state)) as SourceState;
            twice.push(...run.inFlight);
          }

          // Assess
          const left = [...put].sort();
          for (const id of wanted) {
            const at = left.indexOf(id);
            expect(at, `${id} is missing`).toBeGreaterThanOrEqual(0);
            left.splice(at, 1);
          }
          for (const id of left) {
            const at = twice.indexOf(id);
            expect(at, `${id} was put twice and was not in flight`).toBeGreaterThanOrEqual(0);
            twice.splice(at, 1);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
