import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPace } from '#consumers/inference/pace.ts';
import { processBatch } from '#consumers/inference/process-batch.ts';
import type { InferenceDeps } from '#consumers/inference/types.ts';
import { taskNames } from '#shared/nlp/types.ts';
import { isResult } from '#shared/results-table/stored-item.ts';
import { createResultsWriter } from '#shared/results-table/write-items.ts';
import { encodeAggregate } from '../../../fixtures/texts/encode-aggregate.ts';
import {
  createTestBucket,
  createTestDeps,
  createTestEngine,
  createTestTable,
  kinesisEvent,
  textRecord,
} from './doubles.ts';

/** An engine that does everything, in English alone. */
const all = { tasks: taskNames, languages: ['en', 'und'] };
const minute = () => 60_000;
const ids = (items: ReturnType<ReturnType<typeof createTestTable>['items']>) =>
  items.map((item) => (isResult(item) ? item.id : item.reason)).sort();

describe('processBatch', () => {
  it('runs a batch as one job and stores every result', async () => {
    const { deps, table, jobs } = createTestDeps();
    const blobs = Array.from({ length: 100 }, (_, index) => textRecord(`r${index}`));

    const answer = await processBatch(kinesisEvent(blobs), deps, minute);

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(jobs).toEqual([100]);
    expect(table.items()).toHaveLength(100);
  });

  it('parks poison at once with its bytes and reason, and the batch goes on', async () => {
    const { deps, table, bucket } = createTestDeps();
    const blobs = [
      '{',
      textRecord('a'),
      Buffer.from([0xff]),
      textRecord('b', 'POISON'),
      '{"id":"c"}',
    ];

    const answer = await processBatch(kinesisEvent(blobs), deps, minute);

    expect(answer.batchItemFailures).toEqual([]);
    expect(ids(table.items())).toEqual(
      ['a', 'invalid-json', 'undecodable', 'inference-failed', 'invalid-record'].sort(),
    );
    const parked = bucket.objects.get('rejected/text/shardId-000000000000/1005.json');
    expect(parked).toMatchObject({
      reason: 'invalid-record',
      message: 'text is required',
      data: Buffer.from('{"id":"c"}').toString('base64'),
      partitionKey: 'key-4',
    });
  });

  it('settles the records of an aggregate one by one', async () => {
    const { deps, table } = createTestDeps();
    const blob = encodeAggregate(
      [textRecord('a'), 'nonsense', textRecord('b')].map((data, index) => ({
        partitionKey: `p${index}`,
        data: Buffer.from(data),
      })),
    );

    await processBatch(kinesisEvent([blob]), deps, minute);

    expect(ids(table.items())).toEqual(['a', 'b', 'invalid-json']);
    expect(table.items().find((item) => !isResult(item))).toMatchObject({
      pk: 'REJ#text#shardId-000000000000#1001.1',
      subSequenceNumber: 1,
    });
  });

  it('asks the standing questions of a source unless the record brings its own', async () => {
    const { deps, table } = createTestDeps({
      standing: { questions: { news: ['Who?'] }, tasks: {}, languages: {} },
    });
    const blobs = [
      textRecord('a', 'Ada', { source: 'news' }),
      textRecord('b', 'Ada', { source: 'news', questions: ['Where?'] }),
      textRecord('c', 'Ada', { source: 'constructor' }),
    ];

    await processBatch(kinesisEvent(blobs), deps, minute);

    const questions = new Map(
      table.items().flatMap((item) => (isResult(item) ? [[item.id, item.questions]] : [])),
    );
    expect(questions).toEqual(
      new Map([
        ['a', ['Who?']],
        ['b', ['Where?']],
        ['c', undefined],
      ]),
    );
  });

  it('asks for the standing tasks and language of a source unless the record says its own', async () => {
    const { deps, table } = createTestDeps(
      {
        standing: { questions: {}, tasks: { news: ['tags'] }, languages: { news: 'ja' } },
      },
      all,
    );
    const blobs = [
      textRecord('a', 'Ada', { source: 'news' }),
      textRecord('b', 'Ada', { source: 'news', tasks: ['labels'], language: 'en-GB' }),
      textRecord('c', 'Ada'),
    ];

    await processBatch(kinesisEvent(blobs), deps, minute);

    const [a, b, c] = table.items();
    expect(a).toMatchObject({ language: 'ja', tasks: ['tags'], unserved: ['tags'], tags: [] });
    expect(b).toMatchObject({ language: 'en', labels: [{ label: 'calm' }], entities: [] });
    expect(c).toMatchObject({ language: 'und', entities: [{ text: 'Ada' }] });
    expect(c).not.toHaveProperty('tags');
  });

  it('stores nothing of what is to be hidden, and knows its results again', async () => {
    const redaction = { mode: 'hash', key: 'k'.repeat(16) } as const;
    const { deps, table, jobs } = createTestDeps(
      {
        options: { storeText: true, retentionDays: 0, redaction },
        // However busy the machine is.
        signalAfter: () => new AbortController().signal,
      },
      all,
    );
    const texts = ['call 0041 44 668 18 00, Ada.', 'mail ada@example.com.'];
    const blob = encodeAggregate(
      texts.map((text, index) => ({
        partitionKey: `p${index}`,
        data: Buffer.from(textRecord(`r${index}`, text, { attributes: { mail: 'b@example.com' } })),
      })),
    );
    const event = kinesisEvent([blob]);

    await processBatch(event, deps, minute);
    const before = JSON.stringify(table.items());
    await processBatch(event, deps, minute);

    expect(before).not.toMatch(/Ada|ada@|668|b@example/);
    expect(JSON.stringify(table.items())).toBe(before);
    expect(jobs).toHaveLength(1);
    const [one, two] = table.items().filter(isResult);
    expect(one?.attributes).toEqual(two?.attributes);
    expect(one?.pii?.map(({ kind }) => kind)).toEqual(['PHONE', 'PERSON']);
  });

  it('tells of all personal data who asks for it, and hides the kinds that are to be', async () => {
    const redaction = { mode: 'type', kinds: ['EMAIL'], key: 'k'.repeat(16) } as const;
    const options = { storeText: true, retentionDays: 0, redaction };
    const { deps, table } = createTestDeps({ options }, all);
    const text = 'write to ada@example.com or call 0041 44 668 18 00.';
    const blobs = [textRecord('a', text, { tasks: ['pii'] }), textRecord('b', text)];

    await processBatch(kinesisEvent(blobs), deps, minute);

    const [asked, other] = table.items().filter(isResult);
    expect(asked?.text).toBe('write to [EMAIL] or call 0041 44 668 18 00.');
    expect(asked?.pii).toMatchObject([
      { kind: 'EMAIL', text: '[EMAIL]' },
      { kind: 'PHONE', text: '0041 44 668 18 00' },
    ]);
    for (const { start, end, text: found } of asked?.pii ?? []) {
      expect(asked?.text?.slice(start, end)).toBe(found);
    }
    expect(other?.pii).toMatchObject([{ kind: 'EMAIL', text: '[EMAIL]' }]);
  });

  it('hides what an engine was not asked to look for', async () => {
    const redaction = { mode: 'mask', key: 'k'.repeat(16) } as const;
    const options = { storeText: true, retentionDays: 0, redaction };
    const { deps, table } = createTestDeps({ options }, { tasks: ['entities'] });

    await processBatch(kinesisEvent([textRecord('a', 'to ada@example.com')]), deps, minute);

    expect(table.items()).toMatchObject([{ text: 'to ***************' }]);
  });

  it('gives a slice up whose personal data takes longer to hide than there is time', async () => {
    const redaction = { mode: 'type', key: 'k'.repeat(16) } as const;
    const { deps, table, jobs } = createTestDeps({
      options: { storeText: true, retentionDays: 0, redaction },
      // Time for two turns of the event loop.
      signalAfter: () => {
        const controller = new AbortController();
        setImmediate(() => setImmediate(() => controller.abort(new Error('out of time'))));
        return controller.signal;
      },
    });
    const blobs = Array.from({ length: 20 }, (_, index) => textRecord(`r${index}`));

    const answer = await processBatch(kinesisEvent(blobs), deps, minute);

    expect(jobs.slice(0, 2)).toEqual([20, 1]);
    const [failure] = answer.batchItemFailures;
    const durable = failure ? Number(failure.itemIdentifier) - 1001 : blobs.length;
    expect(durable).toBeGreaterThan(0);
    expect(table.items().length).toBeGreaterThanOrEqual(durable);
    expect(table.items().every(isResult)).toBe(true);
  });

  it('stores no name that a rejected record brought where personal data is to be hidden, and all of it where not', async () => {
    const name = 'Grace Hopper';
    const blobs = [
      { [name]: 1 },
      { [`${'x'.repeat(490)} grace@example.com`]: 1 },
      { attributes: { [name]: 1 } },
      { attributes: { [`${'k'.repeat(50)}grace@example.com`]: 'too long a name' } },
      { attributes: { [`text must ${name}`]: 1 } },
      { [`attributes.a must ${name}`]: 1 },
      { questions: [1] },
    ].map((more, index) => textRecord(`r${index}`, 'Ada', more));
    const messagesWith = async (options: InferenceDeps['options']) => {
      const { deps, table } = createTestDeps({ options });
      await processBatch(kinesisEvent(blobs), deps, minute);
      return table.items().map((item) => (isResult(item) ? 'a result' : item.message));
    };
    const plain = { storeText: true, retentionDays: 0 };

    const hidden = await messagesWith({
      ...plain,
      redaction: { mode: 'type', key: 'k'.repeat(16) },
    });
    const shown = await messagesWith(plain);

    const unknown = '(name hidden) is not a known field';
    const pair = 'attributes.(name hidden) must be a string';
    expect(hidden).toEqual([
      unknown,
      unknown,
      pair,
      'attributes.(name hidden) must have a name of at most 64 characters',
      pair,
      unknown,
      'questions[0] must be a string',
    ]);
    expect(shown[0]).toBe('Grace Hopper is not a known field');
    expect(shown[2]).toBe('attributes.Grace Hopper must be a string');
  });

  it('hands back at the record whose failure object was refused, and counts nothing as lost', async () => {
    let down = true;
    const bucket = createTestBucket(() => {
      if (down) throw new Error('503');
    });
    const { deps, table } = createTestDeps({ putFailure: bucket.putFailure });
    const event = kinesisEvent([textRecord('a'), '{', textRecord('b')]);

    const first = await processBatch(event, deps, minute);
    down = false;
    const second = await processBatch(event, deps, minute);

    expect(first.batchItemFailures).toEqual([{ itemIdentifier: '1002' }]);
    expect(second.batchItemFailures).toEqual([]);
    expect(ids(table.inserts)).toEqual(['a', 'b', 'invalid-json']);
  });

  it('hands back what a throttled table did not take before the deadline', async () => {
    const table = createTestTable((items) => items.filter((item) => item.id === 'b'));
    const { deps } = createTestDeps({
      writer: createResultsWriter({ putBatch: table.putBatch, random: () => 0.5 }),
    });

    const answer = await processBatch(
      kinesisEvent([textRecord('a'), textRecord('b'), textRecord('c')]),
      deps,
      () => 400,
    );

    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: '1002' }]);
    expect(ids(table.items())).toEqual(['a', 'c']);
  });

  it('throws when the engine fails as a whole', async () => {
    const { engine } = createTestEngine({
      before: () => Promise.reject(new Error('pool is dead')),
    });
    const { deps } = createTestDeps({ engine });

    await expect(processBatch(kinesisEvent([textRecord('a')]), deps, minute)).rejects.toThrow(
      'pool',
    );
  });

  it('with a slow engine stops in time, and every delivery makes progress', async () => {
    let clock = 0;
    const { engine, jobs } = createTestEngine({
      async before(requests) {
        clock += requests.reduce((sum, { text }) => sum + text.length, 0) * 2;
      },
    });
    const table = createTestTable();
    const now = () => clock;
    const writer = createResultsWriter({ putBatch: table.putBatch, now });
    const { deps } = createTestDeps({ engine, now, writer, pace: createPace() });
    const blobs = Array.from({ length: 200 }, (_, index) =>
      textRecord(`r${index}`, 'Ada '.repeat(250)),
    );
    const deliveries: number[] = [];

    let from = 0;
    while (from < blobs.length && deliveries.length < 100) {
      const end = clock + 30_000;
      const answer = await processBatch(
        kinesisEvent(blobs.slice(from), 1001 + from),
        deps,
        () => end - clock,
      );
      expect(clock).toBeLessThan(end);
      const failed = answer.batchItemFailures[0]?.itemIdentifier;
      const next = failed === undefined ? blobs.length : Number(failed) - 1001;
      expect(next).toBeGreaterThan(from);
      deliveries.push(next - from);
      from = next;
    }

    expect(table.items()).toHaveLength(200);
    expect(deliveries.length).toBeGreaterThan(1);
    expect(jobs[0]).toBeLessThan(10);
  });

  it('gives up on an engine that hangs and hands the batch back before the time-out', async () => {
    const { engine } = createTestEngine({ before: () => new Promise(() => {}) });
    const { deps, table } = createTestDeps({ engine });
    const end = Date.now() + 600;

    const answer = await processBatch(
      kinesisEvent(['{', textRecord('a')]),
      deps,
      () => end - Date.now(),
    );

    expect(Date.now()).toBeLessThan(end);
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: '1002' }]);
    expect(ids(table.items())).toEqual(['invalid-json']);
  });

  it('settles every record once under faults and re-delivery', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('good', 'poison', 'json', 'same', 'aggregate'), {
          minLength: 1,
          maxLength: 30,
        }),
        fc.infiniteStream(fc.nat(9)),
        async (kinds, dice) => {
          const roll = (): number => dice.next().value ?? 9;
          let calm = false;
          const table = createTestTable((items) => {
            if (!calm && roll() === 0)
              throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
            return calm ? [] : items.filter(() => roll() === 0);
          });
          const bucket = createTestBucket(() => {
            if (!calm && roll() < 2) throw new Error('SlowDown');
          });
          const { deps } = createTestDeps({
            writer: createResultsWriter({ putBatch: table.putBatch, random: () => 0 }),
            putFailure: bucket.putFailure,
          });
          const blobs = kinds.map((kind, index) => {
            if (kind === 'json') return 'nonsense';
            if (kind === 'same') return textRecord('same');
            if (kind === 'poison') return textRecord(`r${index}`, 'POISON');
            if (kind === 'good') return textRecord(`r${index}`);
            return encodeAggregate(
              [textRecord(`r${index}`), '['].map((data) => ({
                partitionKey: 'k',
                data: Buffer.from(data),
              })),
            );
          });

          let from = 0;
          for (let delivery = 0; from < blobs.length; delivery++) {
            calm = delivery > 20;
            const answer = await processBatch(
              kinesisEvent(blobs.slice(from), 1001 + from),
              deps,
              minute,
            );
            const failed = answer.batchItemFailures[0]?.itemIdentifier;
            from = failed === undefined ? blobs.length : Number(failed) - 1001;
          }

          const count = (kind: string) => kinds.filter((each) => each === kind).length;
          const results = count('good') + count('aggregate') + (kinds.includes('same') ? 1 : 0);
          const rejected = count('poison') + count('json') + count('aggregate');
          expect(table.inserts.filter(isResult)).toHaveLength(results);
          expect(table.inserts).toHaveLength(results + rejected);
          expect(bucket.objects.size).toBe(rejected);
        },
      ),
      { numRuns: 60 },
    );
  });
});
