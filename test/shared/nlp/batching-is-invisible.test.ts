import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnalysisOutcome, createTextEngine, type TextEngine } from '#shared/nlp/index.ts';

const folderOf = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const folders = ['fixtures/tiny-model', 'models'].filter((path) =>
  existsSync(`${folderOf(path)}/manifest.json`),
);

const words = [
  'Ada',
  'Lovelace',
  'wrote',
  'to',
  'Charles',
  'Babbage',
  'in',
  'London',
  '.',
  '😀',
  'Zürich',
];
const sentence = fc
  .array(fc.constantFrom(...words), { minLength: 1, maxLength: 60 })
  .map((picked) => picked.join(' '));
const request = sentence.map((text) => ({ text, questions: ['Who wrote to him?'] }));

function spansOf(outcome: AnalysisOutcome | undefined) {
  if (!outcome?.ok) throw outcome?.error;
  return [...outcome.value.entities, ...outcome.value.answers];
}

describe.each(folders)('models of %s', (folder) => {
  let engine: TextEngine;
  beforeAll(async () => {
    engine = await createTextEngine({ modelsDirectory: folderOf(folder), workers: 2 });
  });
  afterAll(() => engine.close());

  it('give a text the same spans and scores alone and among 199 others', async () => {
    const others = fc.array(request, { minLength: 199, maxLength: 199 });
    await fc.assert(
      fc.asyncProperty(request, others, fc.nat(199), async (one, rest, place) => {
        const [alone] = await engine.analyze([one]);
        const among = await engine.analyze(rest.toSpliced(place, 0, one));

        const expected = spansOf(alone);
        const found = spansOf(among[place]);
        expect(found.map(({ start, end }) => [start, end])).toEqual(
          expected.map(({ start, end }) => [start, end]),
        );
        found.forEach(({ score }, index) => {
          expect(Math.abs(score - (expected[index]?.score ?? Number.NaN))).toBeLessThan(1e-4);
        });
      }),
      { numRuns: folder === 'models' ? 1 : 3 },
    );
  });
});
