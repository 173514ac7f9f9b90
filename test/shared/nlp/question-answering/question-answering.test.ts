import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestSpans } from '#shared/nlp/question-answering/best-spans.ts';
import { questionAnsweringSettings } from '#shared/nlp/question-answering/settings.ts';
import { questionWindows } from '#shared/nlp/question-answering/windows.ts';
import { parseHeadSettings } from '#shared/nlp/settings.ts';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import type { ModelWindow, WindowOutput } from '#shared/nlp/types.ts';
import { createTestHead, rowOf } from '../test-head.ts';
import { readTinyJson } from '../tiny-session.ts';

const tokenizer = createTokenizer(readTinyJson('tiny-qa/tokenizer.json'));
const defaults = questionAnsweringSettings.parse({});
const prepare = createTestHead('answers', tokenizer);

describe('windows', () => {
  test('frame the question and part of the context', () => {
    const settings = { ...defaults, maximumLength: 16, stride: 2 };
    const question = Int32Array.of(10, 11);
    const context = Int32Array.from({ length: 13 }, (_, i) => 100 + i);

    const windows = questionWindows(question, context, tokenizer.pair, settings);

    expect(windows.map(({ from, to }) => [from, to])).toEqual([
      [0, 11],
      [9, 13],
    ]);
    expect([...(windows[1]?.ids ?? [])]).toEqual([2, 10, 11, 3, 109, 110, 111, 112, 3]);
    expect([...(windows[1]?.typeIds ?? [])]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1]);
    expect(windows[1]?.firstRow).toBe(4);
  });

  test('hold every token of the context, whatever the lengths', () => {
    const lengths = fc.record({
      question: fc.nat(200),
      context: fc.nat(2_000),
      maximumLength: fc.integer({ min: 16, max: 512 }),
      stride: fc.nat(600),
    });
    fc.assert(
      fc.property(lengths, ({ question, context, maximumLength, stride }) => {
        const settings = { ...defaults, maximumLength, stride };
        const tokens = Int32Array.from({ length: context }, (_, i) => i);
        const windows = questionWindows(new Int32Array(question), tokens, tokenizer.pair, settings);
        let next = 0;
        for (const { ids, from, to } of windows) {
          expect(ids.length).toBeLessThanOrEqual(maximumLength);
          expect(from).toBeLessThanOrEqual(next);
          next = to;
        }
        expect(next).toBe(context);
      }),
    );
  });
});

test('the span search finds what looking at every pair finds', () => {
  const logit = fc.float({ min: -8, max: 8, noNaN: true });
  const example = fc.integer({ min: 1, max: 24 }).chain((tokens) =>
    fc.record({
      starts: fc.array(logit, { minLength: tokens + 4, maxLength: tokens + 4 }),
      ends: fc.array(logit, { minLength: tokens + 4, maxLength: tokens + 4 }),
      maximumTokens: fc.integer({ min: 1, max: 8 }),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  );
  fc.assert(
    fc.property(example, ({ starts, ends, maximumTokens, count }) => {
      // Prepare: [CLS] q [SEP], the context, [SEP]
      const tokens = starts.length - 4;
      const window = { ids: new Int32Array(0), typeIds: new Int32Array(0), from: 0, to: tokens };
      const rows = [0, ...Array.from({ length: tokens }, (_, i) => 3 + i)];
      const start = softmax(rows.map((row) => Math.fround(starts[row] ?? 0)));
      const end = softmax(rows.map((row) => Math.fround(ends[row] ?? 0)));
      const all: number[] = [];
      for (let i = 1; i <= tokens; i++) {
        for (let j = i; j <= Math.min(tokens, i + maximumTokens - 1); j++) {
          all.push((start[i] ?? 0) * (end[j] ?? 0));
        }
      }

      // Act
      const found = bestSpans(
        { ...window, firstRow: 3 },
        Float32Array.from(starts),
        Float32Array.from(ends),
        { count, maximumTokens },
      );

      // Assess
      const expected = all.sort((a, b) => b - a).slice(0, count);
      expect(found.spans).toHaveLength(expected.length);
      found.spans.forEach(({ first, last, score }, index) => {
        expect(score).toBeCloseTo(expected[index] ?? 0, 10);
        expect(score).toBeCloseTo((start[first + 1] ?? 0) * (end[last + 1] ?? 0), 10);
        expect(last - first).toBeLessThan(maximumTokens);
      });
      expect(found.nullScore).toBeCloseTo((start[0] ?? 0) * (end[0] ?? 0), 10);
    }),
  );
});

describe('answers', () => {
  const context = 'Zoë Müller 👩‍🚀 lives in New York.';
  const question = 'Where does she live?';
  /** Logits that make one span of the context certain, or none. */
  const certain = (job: { windows: readonly ModelWindow[] }, span: string | null) =>
    job.windows.map(({ ids }): WindowOutput => {
      const output = { start_logits: rowOf(ids), end_logits: rowOf(ids) };
      for (const { values } of Object.values(output)) values.fill(0);
      const { starts, ends } = tokenizer.encode(context);
      const firstRow = ids.indexOf(3) + 1;
      const from = span === null ? -1 : context.indexOf(span);
      const to = from + (span ?? '').length;
      output.start_logits.values[span === null ? 0 : firstRow + starts.indexOf(from)] = 12;
      output.end_logits.values[span === null ? 0 : firstRow + ends.indexOf(to)] = 12;
      return output;
    });

  test.each(['New York', 'Müller', '👩‍🚀', 'Zoë'])('are exact slices: %s', (span) => {
    const job = prepare(context, { question });
    const [answer] = job.decode(certain(job, span));
    expect(answer).toMatchObject({ question, text: span, start: context.indexOf(span) });
    expect(context.slice(answer?.start ?? 0, answer?.end ?? 0)).toBe(span);
    expect(answer?.score).toBeGreaterThan(0.9);
    expect(answer?.noAnswerScore).toBeLessThan(0.01);
  });

  test('are null where the classification token wins by more than the threshold', () => {
    const job = prepare(context, { question, topK: 3 });
    const answers = job.decode(certain(job, null));
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({ text: null, start: null, end: null });
    expect(answers[0]?.score).toBe(answers[0]?.noAnswerScore);

    const never = createTestHead('answers', tokenizer, { settings: { nullThreshold: 1 } })(
      context,
      {
        question,
      },
    );
    expect(never.decode(certain(never, null))[0]?.text).not.toBeNull();
  });

  test('are null for a text without a token', () => {
    const job = prepare(' \u200d ', { question });
    const outputs = job.windows.map(({ ids }) => ({
      start_logits: rowOf(new Float32Array(ids.length)),
      end_logits: rowOf(new Float32Array(ids.length)),
    }));
    expect(job.decode(outputs)).toEqual([
      { question, text: null, start: null, end: null, score: 1, noAnswerScore: 1 },
    ]);
  });

  test('refuse outputs that are not of their window', () => {
    const job = prepare(context, { question });
    expect(() => job.decode([{}])).toThrow(/start_logits/);
  });
});

describe('settings', () => {
  test('are filled in', () => {
    expect(parseHeadSettings(questionAnsweringSettings, { stride: 64 })).toEqual({
      ...defaults,
      stride: 64,
    });
  });

  test.each([
    [{ stride: -1 }, /settings\.stride/],
    [{ nullThreshold: 2 }, /settings\.nullThreshold/],
    [{ unknown: 1 }, /unknown/i],
  ])('%j is refused', (settings, message) => {
    expect(() => parseHeadSettings(questionAnsweringSettings, settings)).toThrow(message);
  });
});

function softmax(values: readonly number[]): number[] {
  const highest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
