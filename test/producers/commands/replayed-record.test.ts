import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replayedRecord } from '#producers/commands/replayed-record.ts';
import { checkTextRecord, type TextRecordInput } from '#shared/contracts/text-record.ts';
import type { TaskName } from '#shared/nlp/types.ts';
import { createStoredResult } from '#shared/results-table/redact.ts';
import { createResultItem, keyOf, type ResultOptions } from '#shared/results-table/result-item.ts';
import { fromStoredItem, isResult, toStoredItem } from '#shared/results-table/stored-item.ts';

const options: ResultOptions = { storeText: true, retentionDays: 0 };

/** What the inference function makes of a record, its language told where the record does not say it. */
function contentOf(input: TextRecordInput, told: string) {
  const record = checkTextRecord(input);
  const { questions = [], tasks, language } = record;
  const said = language && new Intl.Locale(language).language;
  return {
    record,
    ...{ questions, tasks, language },
    analysis: { entities: [], answers: [], tokens: 1, windows: 1, language: said ?? told },
    pipelineVersion: 'old',
    arrival: { arrivedAt: '2026-01-31T12:00:00.000Z', shard: 's', sequenceNumber: '1' },
  };
}
const keyUnder = (pipeline: string, input: TextRecordInput) => {
  const { record, questions, tasks, language } = contentOf(input, 'und');
  return keyOf({ record, questions, tasks, language }, pipeline, options);
};

describe('the record of a stored result', () => {
  it('is the one that it was made of, also where the result lies packed', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            id: fc.stringMatching(/^[a-z0-9.:-]{1,20}$/),
            text: fc
              .string({ unit: 'grapheme', minLength: 1 })
              .filter((text) => text.trim() !== ''),
            source: fc.constantFrom('tickets', 'http'),
            questions: fc.array(fc.constantFrom('Who?', 'Where?'), { minLength: 1, maxLength: 2 }),
            attributes: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), {
              maxKeys: 3,
            }),
            tasks: fc.constantFrom<TaskName[]>(['entities'], ['tags', 'pii']),
            language: fc.constantFrom('en', 'pt'),
            createdAt: fc.constant('2026-01-31T12:00Z'),
          },
          { requiredKeys: ['id', 'text', 'source'] },
        ),
        fc.constantFrom('en', 'de', 'und'),
        fc.boolean(),
        (input, told, isLong) => {
          const record = {
            ...input,
            text: isLong ? `${input.text} ${'x'.repeat(90_000)}` : input.text,
          };
          const stored = toStoredItem(createResultItem(contentOf(record, told), options));
          const read = fromStoredItem(stored);

          const replayed = read && isResult(read) ? replayedRecord(read) : undefined;

          expect(replayed).toEqual({ record: checkTextRecord(record), isSame: true });
          if (replayed && 'record' in replayed) {
            expect(keyUnder('new', replayed.record)).toEqual(keyUnder('new', record));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('asks in the language that is stored where it was said by a finer tag, and tells', () => {
    const record = { id: 'a', text: 'Olá.', source: 'chat', language: 'pt-BR' };

    const replayed = replayedRecord(createResultItem(contentOf(record, 'und'), options));

    expect(replayed).toEqual({ record: { ...record, language: 'pt' }, isSame: false });
  });

  it('cannot be had without its text, or where personal data is hidden in it', async () => {
    const content = contentOf({ id: 'a', text: 'Write to a@example.com.' }, 'en');
    const redaction = { mode: 'mask', key: 'k' } as const;

    const withoutText = createResultItem(content, { ...options, storeText: false });
    const redacted = await createStoredResult(content, { ...options, redaction });

    expect(replayedRecord(withoutText)).toEqual({ leftOut: 'withoutText' });
    expect(replayedRecord(redacted)).toEqual({ leftOut: 'redacted' });
  });
});
