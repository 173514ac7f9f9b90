import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimulation, eventOf } from './simulation.ts';

const KEY = 'inbox/a b+c.jsonl';
const linesOf = (count: number) =>
  Array.from({ length: count }, (_, at) => `{"id":"r-${at}","text":"Ann met Bob ${at}."}\n`).join(
    '',
  );

describe('takeEvent', () => {
  it('puts the records of an object on the stream and reports it', async () => {
    const simulation = createSimulation();
    simulation.put(KEY, `${linesOf(3)}{"text":"no id"}\n`);
    expect(await simulation.run(eventOf(KEY))).toBe('settled');
    const records = simulation.records();
    expect(records.map(({ id }) => id).slice(0, 3)).toEqual(['r-0', 'r-1', 'r-2']);
    expect(records[3]).toMatchObject({
      id: expect.stringMatching(/^s3-[0-9a-f]{24}-4$/),
      source: 'default',
      attributes: { 'file.name': KEY, 'file.line': '4' },
    });
    expect(simulation.stream.map(({ partitionKey }) => partitionKey)).toEqual(
      records.map(({ id }) => id),
    );
    expect(simulation.reportOf(KEY)).toMatchObject({
      object: KEY,
      state: 'done',
      format: 'jsonl',
      gzip: false,
      ...{ read: 4, put: 4, invalid: 0, firstInvalid: [], cut: 0 },
      finishedAt: expect.stringMatching(/^2026-/),
    });
    expect(simulation.reportOf(KEY)?.progress).toBeUndefined();
    expect(simulation.reportKey(KEY)).toBe('reports/a b+c.jsonl.json');
  });

  it('changes nothing where it runs twice, and reads what was put under the key since', async () => {
    const simulation = createSimulation();
    simulation.put(KEY, linesOf(3));
    await simulation.run(eventOf(KEY));
    const before = simulation.reports.get(KEY);
    simulation.put(KEY, linesOf(3));
    expect(await simulation.run(eventOf(KEY, KEY))).toBe('settled');
    expect(simulation.reports.get(KEY)).toEqual(before);
    expect(simulation.stream.length).toBe(3);
    simulation.put(KEY, linesOf(5));
    await simulation.run(eventOf(KEY));
    expect(simulation.stream.length).toBe(8);
    expect(simulation.reportOf(KEY)).toMatchObject({ state: 'done', read: 5, put: 5 });
  });

  it('parks bad lines with bytes, place and reason, and counts each once', async () => {
    const simulation = createSimulation();
    const bad = ['{"id":"x y","text":"t"}', '{"id" : "b", "text":""}', 'no json', '\u00ff'];
    const content = Buffer.concat([
      Buffer.from(`${linesOf(1)}${bad.slice(0, 3).join('\n')}\n`),
      Buffer.from('\u00ff\n{"text":" "}\n', 'latin1'),
    ]);
    simulation.put(KEY, content);
    await simulation.run(eventOf(KEY));
    const reasons = ['invalid-record', 'invalid-record', 'invalid-json', 'undecodable'];
    const parked = [...simulation.failures];
    expect(parked.map(([key]) => key.replace(/[0-9a-f]{24}/, '<content>'))).toEqual(
      [2, 3, 4, 5, 6].map((line) => `rejected/intake/<content>/${line}.json`),
    );
    expect(parked.map(([, { reason }]) => reason)).toEqual([...reasons, 'invalid-record']);
    const data = parked.map(([, object]) => Buffer.from(object.data, 'base64'));
    expect(data.slice(0, 3).map(String)).toEqual(bad.slice(0, 3));
    expect(data[3]).toEqual(Buffer.from([0xff]));
    // Without an id of its own it is parked under the one that was made for it, so that redrive has one.
    expect(JSON.parse(String(data[4]))).toMatchObject({
      id: expect.stringMatching(/-6$/),
      text: ' ',
    });
    expect(
      [...simulation.rejections.keys()].map((key) => key.replace(/[0-9a-f]{24}/, 'c')),
    ).toEqual([2, 3, 4, 5, 6].map((line) => `REJ#intake#c#${line}`));
    expect(simulation.reportOf(KEY)).toMatchObject({ read: 6, put: 1, invalid: 5 });
    expect(simulation.reportOf(KEY)?.firstInvalid[1]).toEqual({
      line: 3,
      reason: 'invalid-record',
      message: 'text must not be blank',
    });
  });

  it('names the first hundred bad lines and counts them all', async () => {
    const simulation = createSimulation();
    simulation.put(KEY, '[]\n'.repeat(150));
    await simulation.run(eventOf(KEY));
    expect(simulation.reportOf(KEY)).toMatchObject({ read: 150, put: 0, invalid: 150 });
    expect(simulation.reportOf(KEY)?.firstInvalid.length).toBe(100);
  });

  it('cuts long texts, of a line and of a file, into records that lead back', async () => {
    const simulation = createSimulation();
    const text = 'Ann met Bob in Oslo. '.repeat(12_000);
    simulation.put('inbox/book.txt', text, { source: 'books' });
    simulation.put(KEY, `${linesOf(1)}${JSON.stringify({ id: 'book', text })}\n`);
    await simulation.run(eventOf('inbox/book.txt', KEY));
    const records = simulation.records();
    const ofText = records.filter(({ source }) => source === 'books');
    const ofLine = records.filter(({ id }) => id.startsWith('book.'));
    expect(ofLine.map(({ id }) => id)).toEqual(['book.1', 'book.2', 'book.3']);
    expect(ofText.map((record) => record.text)).toEqual(ofLine.map((record) => record.text));
    for (const { text: piece, attributes } of ofLine) {
      const start = Number(attributes['file.offset']);
      expect(text.slice(start, start + piece.length)).toBe(piece);
      expect(attributes).toMatchObject({ 'file.name': KEY, 'file.line': '2' });
    }
    expect(simulation.reportOf('inbox/book.txt')).toMatchObject({ read: 1, put: 3, cut: 1 });
    expect(simulation.reportOf(KEY)).toMatchObject({ read: 2, put: 4, cut: 1 });
  });

  it.each([
    ['inbox/a.bin', 'x', 'name must end in .jsonl'],
    ['inbox/a.jsonl.gz', 'x', 'not gzip'],
    ['inbox/a.csv', 'id,body\n1,x\n', 'must name one `text`'],
    ['inbox/a.txt', Buffer.from([0xff]), 'must be UTF-8'],
  ])('gives %s up with a reason, once', async (key, content, reason) => {
    const simulation = createSimulation();
    simulation.put(key, content);
    expect(await simulation.run(eventOf(key))).toContain(reason);
    expect(simulation.reportOf(key)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining(reason),
    });
    // The message comes again, since the function failed.
    expect(await simulation.run(eventOf(key))).toBe('settled');
    // And so it does where the object is put again.
    simulation.put(key, content);
    expect(await simulation.run(eventOf(key))).toContain(reason);
  });

  it('gives up what was deleted, and keeps the count of what was read', async () => {
    const simulation = createSimulation();
    expect(await simulation.run(eventOf(KEY))).toContain('deleted before');
    simulation.put(KEY, linesOf(4_000));
    const onStep = (name: string) => name === 'put' && simulation.remove(KEY);
    expect(await simulation.run(eventOf(KEY), { onStep })).toContain('deleted');
    const { length } = simulation.stream;
    expect(length).toBeGreaterThanOrEqual(2_000);
    expect(simulation.reportOf(KEY)).toMatchObject({ state: 'failed', read: length, put: length });
  });

  it('reads what is cut short of gzip as far as it goes', async () => {
    const simulation = createSimulation();
    const random = Array.from({ length: 3_000 }, (_, at) => `{"text":"${Math.sin(at)}"}`).join(
      '\n',
    );
    simulation.put('inbox/a.jsonl.gz', gzipSync(random).subarray(0, 20_000));
    expect(await simulation.run(eventOf('inbox/a.jsonl.gz'))).toContain('cut short');
    expect(simulation.stream.length).toBeGreaterThan(100);
    expect(simulation.reportOf('inbox/a.jsonl.gz')?.put).toBe(simulation.stream.length);
  });

  it('starts again with what replaces the object while it is read', async () => {
    const simulation = createSimulation();
    simulation.put(KEY, linesOf(4_000));
    let isNew = true;
    const onStep = (name: string) => {
      if (name !== 'put' || !isNew) return;
      isNew = false;
      simulation.put(KEY, linesOf(10));
    };
    expect(await simulation.run(eventOf(KEY), { onStep })).toBe('settled');
    expect(simulation.reportOf(KEY)).toMatchObject({ state: 'done', read: 10, put: 10 });
  });

  it('leaves an object alone that another run reads, until that one is silent for half a minute', async () => {
    const simulation = createSimulation();
    simulation.put(KEY, linesOf(10));
    expect(await simulation.run(eventOf(KEY), { dieAt: 4, dieWhen: 'before' })).toContain('died');
    expect(await simulation.run(eventOf(KEY))).toBe('unsettled');
    expect(simulation.stream.length).toBe(0);
    simulation.passTime(31_000);
    expect(await simulation.run(eventOf(KEY))).toBe('settled');
    expect(simulation.stream.length).toBe(10);
  });

  it('stops in time and goes on where it was, also in gzip', async () => {
    const simulation = createSimulation();
    const key = 'inbox/a.jsonl.gz';
    simulation.put(key, gzipSync(linesOf(9_000)));
    const outcomes: string[] = [];
    while (outcomes.at(-1) !== 'settled') {
      outcomes.push(await simulation.run(eventOf(key), { timeMs: 400, rangeBytes: 2_000 }));
    }
    expect(outcomes.length).toBeGreaterThan(1);
    expect(simulation.reportOf(key)).toMatchObject({ state: 'done', read: 9_000, put: 9_000 });
    expect(simulation.records().map(({ id }) => id)).toEqual(
      Array.from({ length: 9_000 }, (_, at) => `r-${at}`),
    );
  });

  it('gives gzip up that no run can inflate as far as the one before came', async () => {
    const simulation = createSimulation();
    const key = 'inbox/a.jsonl.gz';
    simulation.put(key, gzipSync(linesOf(9_000)));
    await simulation.run(eventOf(key), { timeMs: 1_000, rangeBytes: 500 });
    const { put } = simulation.reportOf(key) ?? {};
    expect(put).toBeGreaterThan(0);
    let outcome = 'unsettled';
    for (let run = 0; outcome === 'unsettled'; run++) {
      expect(run).toBeLessThanOrEqual(10);
      outcome = await simulation.run(eventOf(key), { timeMs: 400, rangeBytes: 500 });
    }
    const stuck = new RegExp(
      `^10 runs in a row read nothing from line ${Number(put) + 1} on, or died: of gzip each inflates again the \\d{6} bytes before it`,
    );
    expect(outcome).toContain('10 runs in a row read nothing');
    expect(simulation.reportOf(key)).toMatchObject({
      ...{ state: 'failed', put },
      reason: expect.stringMatching(stuck),
    });
  });

  it('waits while the stream has no room, holds the object meanwhile, and fails it for nothing', async () => {
    const simulation = createSimulation();
    simulation.put(KEY, linesOf(3_000));
    for (let run = 0; run < 12; run++) {
      const busy = { iteratorAge: () => 1 };
      expect(await simulation.run(eventOf(KEY), busy)).toBe('unsettled');
      expect(simulation.reportOf(KEY)?.progress).toMatchObject({ leaseUntil: 0, attempts: 0 });
    }
    expect(simulation.stream.length).toBe(0);
    expect(await simulation.run(eventOf(KEY))).toBe('settled');
    expect(new Set(simulation.records().map(({ id }) => id)).size).toBe(3_000);
  });

  it('puts again what the stream did not take, and takes nothing for done before', async () => {
    const simulation = createSimulation();
    simulation.put(KEY, linesOf(10));
    const refuses = (data: string) => data.includes('r-7');
    expect(await simulation.run(eventOf(KEY), { refuses })).toBe('unsettled');
    expect(simulation.reportOf(KEY)).toMatchObject({ state: 'reading', read: 0, put: 0 });
    expect(await simulation.run(eventOf(KEY))).toBe('settled');
    expect(simulation.reportOf(KEY)).toMatchObject({ state: 'done', read: 10, put: 10 });
    expect(simulation.records().some(({ id }) => id === 'r-7')).toBe(true);
  });

  it('gives up an object that kills every run, after ten', async () => {
    const simulation = createSimulation();
    simulation.put(KEY, linesOf(10));
    for (let run = 0; run < 10; run++) {
      await simulation.run(eventOf(KEY), { dieAt: 4, dieWhen: 'before' });
      simulation.passTime(31_000);
    }
    expect(await simulation.run(eventOf(KEY))).toContain('10 runs');
    expect(simulation.reportOf(KEY)?.state).toBe('failed');
  });

  it('leaves alone what is no object of the inbox, and messages that tell of none', async () => {
    const simulation = createSimulation();
    const bodies = ['{"Service":"Amazon S3","Event":"s3:TestEvent"}', 'no json', '{"Records":[1]}'];
    const Records = bodies.map((body) => ({ messageId: 'm', body }));
    expect(await simulation.run({ Records } as never)).toBe('settled');
    expect(await simulation.run(eventOf('inbox/folder/', 'reports/a.jsonl.json'))).toBe('settled');
    expect(simulation.reports.size).toBe(0);
  });

  it('ends as if nothing had happened, wherever runs die and however often it is delivered', async () => {
    const content = `${linesOf(2_500)}[]\n{"text":"no id"}\n${'Ann met Bob. '.repeat(10)}\n`;
    const whole = createSimulation();
    whole.put(KEY, content);
    await whole.run(eventOf(KEY));
    const death = fc.record({
      dieAt: fc.integer({ min: 1, max: 25 }),
      dieWhen: fc.constantFrom('before' as const, 'after' as const),
      rangeBytes: fc.constantFrom(10_000, 50_000),
      timeMs: fc.constantFrom(1_000, 900_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(death, { maxLength: 5 }), async (deaths) => {
        const simulation = createSimulation();
        simulation.put(KEY, content);
        for (const one of deaths) {
          await simulation.run(eventOf(KEY), one);
          simulation.passTime(31_000);
        }
        await simulation.run(eventOf(KEY));
        expect(await simulation.run(eventOf(KEY))).toBe('settled');
        const ids = (of: typeof whole) => [...new Set(of.records().map((one) => one.id))].sort();
        const distinct = (of: typeof whole) =>
          [...new Set(of.stream.map(({ data }) => Buffer.from(data).toString()))].sort();
        expect(ids(simulation)).toEqual(ids(whole));
        expect(distinct(simulation)).toEqual(distinct(whole));
        expect([...simulation.failures.keys()]).toEqual([...whole.failures.keys()]);
        expect([...simulation.rejections.keys()]).toEqual([...whole.rejections.keys()]);
        const { read, put, invalid, cut, state } = simulation.reportOf(KEY) ?? {};
        const expected = whole.reportOf(KEY);
        expect({ read, put, invalid, cut, state }).toEqual({
          ...{ read: expected?.read, put: expected?.put, invalid: expected?.invalid },
          ...{ cut: expected?.cut, state: 'done' },
        });
      }),
      { numRuns: 40 },
    );
  });
});
