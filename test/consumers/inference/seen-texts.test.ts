import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processBatch } from '#consumers/inference/process-batch.ts';
import { createSeenTexts } from '#consumers/inference/seen-texts.ts';
import type { Analysis, AnalysisRequest } from '#shared/nlp/types.ts';
import { createTestDeps, kinesisEvent, textRecord } from './doubles.ts';

const ENTRY_BYTES = 400;
const minute = () => 60_000;

const analysisOf = (score: number, label = 'x'): Analysis => ({
  ...{ language: 'en', unserved: [], entities: [], answers: [], tags: [], pii: [] },
  labels: [{ task: 'mood', label, score }],
  ...{ tokens: 1, windows: 1 },
});

describe('createSeenTexts', () => {
  it('recalls what was kept bit for bit, as an object of its own', () => {
    fc.assert(
      fc.property(fc.double(), fc.string({ unit: 'binary' }), fc.string(), (score, label, text) => {
        const seen = createSeenTexts(100_000);
        const analysis = analysisOf(score, label);
        seen.keep({ text }, analysis);

        const recalled = seen.recall({ text });

        expect(recalled).toStrictEqual(analysis);
        expect(Object.is(recalled?.labels[0]?.score, score)).toBe(true);
        expect(recalled).not.toBe(seen.recall({ text }));
      }),
    );
  });

  it('takes no text for another, and none for the same that is asked otherwise', () => {
    const requests: AnalysisRequest[] = [
      { text: 'a' },
      { text: 'a\n' },
      { text: '\ud800' },
      { text: '\ud801' },
      { text: 'a', questions: ['Who?'] },
      { text: 'a', questions: ['Who?', 'Where?'] },
      { text: 'a', questions: ['Where?', 'Who?'] },
      { text: 'a', tasks: ['entities'] },
      { text: 'a', also: ['pii'] },
      { text: 'a', language: 'de' },
      { text: 'a', topK: 2 },
    ];
    const seen = createSeenTexts(1_000_000);
    for (const [at, request] of requests.entries()) {
      expect(seen.recall(request)).toBeUndefined();
      seen.keep(request, analysisOf(at));
    }

    expect(requests.map((request) => seen.recall(request)?.labels[0]?.score)).toEqual([
      ...requests.keys(),
    ]);
  });

  it('forgets what was asked for longest ago, and keeps nothing that has no room', () => {
    const size = 3 * (ENTRY_BYTES + 200);
    const seen = createSeenTexts(size);
    for (const text of ['a', 'b', 'c']) seen.keep({ text }, analysisOf(0));
    seen.recall({ text: 'a' });
    seen.keep({ text: 'd' }, analysisOf(0));
    seen.keep({ text: 'long' }, analysisOf(0, 'x'.repeat(size)));

    const known = ['a', 'b', 'c', 'd', 'long'].filter((text) => seen.recall({ text }));

    expect(known).toEqual(['a', 'c', 'd']);
    const none = createSeenTexts(0);
    none.keep({ text: 'a' }, analysisOf(0));
    expect(none.recall({ text: 'a' })).toBeUndefined();
  });
});

describe('processBatch with texts seen before', () => {
  it('stores the same of any deliveries as a function that remembers nothing, and runs each text once', async () => {
    const text = fc.constantFrom('Ada met Bob', 'Bob met Ada', 'Ada is POISON', 'Oslo');
    const question = fc.constantFrom([], ['Who?'], ['Where?']);
    const record = fc.record({ text, questions: question });
    const deliveries = fc.array(fc.array(record, { minLength: 1, maxLength: 8 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(deliveries, async (given) => {
        const ran: string[] = [];
        const before = (requests: readonly AnalysisRequest[]) => {
          for (const { text, questions } of requests) ran.push(JSON.stringify([text, questions]));
        };
        const remembering = createTestDeps({ seen: createSeenTexts(100_000) }, { before });
        const forgetting = createTestDeps();
        for (const [at, records] of given.entries()) {
          const first = 1_001 + at * 100;
          const blobs = records.map(({ text, questions }, index) =>
            textRecord(`r-${first + index}`, text, questions.length > 0 ? { questions } : {}),
          );
          const earlier = new Set(ran);
          const from = ran.length;
          await processBatch(kinesisEvent(blobs, first), remembering.deps, minute);
          await processBatch(kinesisEvent(blobs, first), forgetting.deps, minute);
          const again = ran.slice(from).filter((one) => earlier.has(one));
          expect(again.filter((one) => !one.includes('POISON'))).toEqual([]);
        }
        expect(remembering.table.items()).toEqual(forgetting.table.items());
        expect([...remembering.bucket.objects.keys()]).toEqual([
          ...forgetting.bucket.objects.keys(),
        ]);
      }),
      { numRuns: 50 },
    );
  });

  it('does not take an engine for fast because nothing was to be run', async () => {
    const learnt: [characters: number, milliseconds: number][] = [];
    let clock = 1_000_000;
    const pace = {
      sliceLimit: () => Number.POSITIVE_INFINITY,
      learn: (characters: number, milliseconds: number) => {
        learnt.push([characters, milliseconds]);
      },
    };
    const { deps } = createTestDeps(
      { pace, seen: createSeenTexts(100_000), now: () => clock },
      {
        before: (requests) => {
          clock += requests.length * 100;
        },
      },
    );
    const batch = (...texts: string[]) =>
      kinesisEvent(texts.map((text, at) => textRecord(`r-${clock}-${at}`, text)));

    await processBatch(batch('0123456789', 'abcdefghij'), deps, minute);
    await processBatch(batch('0123456789', 'abcdefghij'), deps, minute);
    await processBatch(batch('0123456789', 'not before'), deps, minute);

    expect(learnt).toEqual([
      [20, 200],
      [20, 200],
    ]);
  });
});
