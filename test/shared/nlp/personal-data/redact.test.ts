import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findPersonalData, redact, redactAnalysis } from '#shared/nlp/personal-data/index.ts';
import { found } from './examples.ts';

const key = 'a key of sixteen bytes or more';
const text = 'Mail ada@example.com or ADA@example.com, then call Bob.';
const pii = findPersonalData(text, { language: 'en' });

describe('redact', () => {
  test('mask keeps every offset', () => {
    const { text: masked, map } = redact(text, pii, { mode: 'mask' });
    expect(masked).toBe('Mail *************** or ***************, then call Bob.');
    expect(map(text.length)).toBe(text.length);
  });

  test('type names the kind', () => {
    expect(redact(text, pii, { mode: 'type' }).text).toBe(
      'Mail [EMAIL] or [EMAIL], then call Bob.',
    );
  });

  test('hash gives the same value the same tag under the same key, and another under another', () => {
    const tags = (secret: string) =>
      redact(text, pii, { mode: 'hash', key: secret }).spans.map((span) => span.text);
    const [first, second] = tags(key);
    expect(first).toMatch(/^\[EMAIL:[0-9a-f]{12}\]$/);
    expect(second).toBe(first);
    expect(tags('another key of sixteen bytes')).not.toContain(first);
  });

  test.each([
    ['4111 1111 1111 1111', '4111-1111-1111-1111'],
    ['GB29NWBK60161331926819', 'gb29 nwbk 6016 1331 9268 19'],
    ['+44 20 7946 0958', '0044 (20) 7946-0958'],
    ['ada@example.com', 'ADA%40example.com'],
  ])('hash sees no difference between %s and %s', (one, other) => {
    const tagOf = (value: string) => {
      const [span] = findPersonalData(value, { language: 'en' });
      return span && redact(value, [span], { mode: 'hash', key }).text;
    };
    expect(tagOf(one)).toBeDefined();
    expect(tagOf(other)).toBe(tagOf(one));
  });

  test.each([undefined, '', 'too short'])('hash refuses the key %j', (short) => {
    expect(() => redact(text, pii, { mode: 'hash', key: short })).toThrow(/16 bytes/);
  });

  test('refuses spans that overlap or lie outside', () => {
    const [span] = pii;
    if (!span) throw new Error('nothing found');
    expect(() => redact(text, [span, span], { mode: 'type' })).toThrow(/in order/);
    expect(() => redact('short', [span], { mode: 'type' })).toThrow(/in order/);
  });

  test('spans beside what is hidden slice back; those that touch it cover what stands for it', () => {
    const spans = fc.array(fc.nat(60), { minLength: 2, maxLength: 8 });
    const modes = fc.constantFrom('mask', 'type', 'hash');
    fc.assert(
      fc.property(
        fc.string({ minLength: 61, maxLength: 61 }),
        spans,
        fc.nat(60),
        fc.nat(61),
        modes,
        (whole, cuts, a, b, mode) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)];
          const edges = [...new Set(cuts)].sort((x, y) => x - y);
          const hidden = edges.slice(0, edges.length & ~1).flatMap((from, index) =>
            index % 2 === 0
              ? [
                  {
                    kind: 'PERSON' as const,
                    rule: 'r',
                    score: 1,
                    start: from,
                    end: edges[index + 1] ?? from,
                    text: whole.slice(from, edges[index + 1]),
                  },
                ]
              : [],
          );
          const redaction = redact(whole, hidden, { mode, key });
          const moved = redaction.move({ start, end });
          const touching = hidden.filter((one) => one.start < end && start < one.end);
          expect(redaction.text.slice(moved.start, moved.end)).toBe(moved.text);
          if (end > start) expect(moved.hidden).toBe(touching.length > 0);
          if (touching.length === 0 && end > start)
            expect(moved.text).toBe(whole.slice(start, end));
          for (const [index, one] of hidden.entries()) {
            const replacement = redaction.spans[index];
            if (touching.includes(one)) expect(moved.text).toContain(replacement?.text);
          }
        },
      ),
    );
  });
});

describe('redactAnalysis', () => {
  const value = 'ada@example.com';
  const at = text.indexOf(value);
  const analysis = {
    text,
    questions: [`Who is ${value}?`, 'Is 4111 1111 1111 1111 hers?'],
    attributes: { [`by ${value}`]: 'card 4111 1111 1111 1111', 'by ADA@example.com': 'Bob' },
    entities: [
      { type: 'MISC', text: text.slice(at - 5, at + 3), start: at - 5, end: at + 3, score: 0.5 },
      {
        type: 'PER',
        text: 'Bob',
        start: text.indexOf('Bob'),
        end: text.indexOf('Bob') + 3,
        score: 0.9,
      },
    ],
    answers: [
      {
        question: `Who is ${value}?`,
        text: value,
        start: at,
        end: at + value.length,
        score: 1,
        noAnswerScore: 0,
      },
      {
        question: 'Is 4111 1111 1111 1111 hers?',
        text: null,
        start: null,
        end: null,
        score: 1,
        noAnswerScore: 1,
      },
    ],
    tags: [
      { tag: 'NOUN', start: 0, end: 4, score: 1 },
      { tag: 'X', start: at, end: at + 3, score: 1 },
      { tag: 'PROPN', start: text.indexOf('Bob'), end: text.indexOf('Bob') + 3, score: 1 },
    ],
    pii,
  };

  test.each(['mask', 'type', 'hash'] as const)('%s leaves nothing in any field', (mode) => {
    const redacted = redactAnalysis(analysis, { mode, key, language: 'en' });
    const json = JSON.stringify(redacted);
    expect(json).not.toContain('ada@');
    expect(json).not.toContain('ADA@');
    expect(json).not.toContain('4111');
    expect(redacted.hide(`failed for ${value}`)).not.toContain('ada');
    for (const span of [...redacted.entities, ...redacted.pii]) {
      expect(redacted.text.slice(span.start, span.end)).toBe(span.text);
    }
    const [answer] = redacted.answers;
    expect(redacted.text.slice(answer?.start ?? 0, answer?.end ?? 0)).toBe(answer?.text);
    expect(redacted.entities.map((entity) => entity.text)).toContain('Bob');
    expect(redacted.answers.map((one) => one.question)).toEqual(redacted.questions);
    expect(redacted.tags.map((tag) => redacted.text.slice(tag.start, tag.end))).toEqual([
      'Mail',
      'Bob',
    ]);
    expect(Object.keys(redacted.attributes)).toHaveLength(2);
  });

  test('hides a value wherever it occurs, also where no rule would find it', () => {
    const letter = 'Ann wrote. Annapolis answered Ann; 田中さんと田中。';
    const spans = ['Ann', '田中'].map((name) => ({
      kind: 'PERSON' as const,
      rule: 'entities',
      text: name,
      start: letter.indexOf(name),
      end: letter.indexOf(name) + name.length,
      score: 0.9,
    }));
    const redacted = redactAnalysis(
      { text: letter, pii: spans, attributes: { from: 'Ann' } },
      { mode: 'type', language: 'en' },
    );
    expect(redacted.text).toBe(
      '[PERSON] wrote. Annapolis answered [PERSON]; [PERSON]さんと[PERSON]。',
    );
    expect(redacted.attributes).toEqual({ from: '[PERSON]' });
    expect(redacted.pii.map(({ rule }) => rule)).toEqual([
      'entities',
      'same-value',
      'entities',
      'same-value',
    ]);
  });

  test('no value that was found occurs in what is left, whatever the text', () => {
    const examples = found.map(([, marked]) => marked.replace(/[«»]/gu, ''));
    const parts = fc.array(fc.constantFrom(...examples), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.constantFrom('mask', 'type', 'hash'), (chosen, mode) => {
        const whole = chosen.join('\n');
        const spans = findPersonalData(whole, { language: 'en' });
        const redacted = redactAnalysis(
          {
            text: whole,
            questions: chosen.slice(0, 2),
            attributes: { note: chosen[0] ?? '' },
            pii: spans,
          },
          { mode, key, language: 'en' },
        );
        const left = [
          redacted.text,
          ...redacted.questions,
          ...Object.values(redacted.attributes),
          ...redacted.pii.map((span) => span.text),
        ]
          .join('\n')
          .replace(/\[[A-Z_]+(?::[0-9a-f]{12})?\]|\*+/g, '\u0000');
        for (const span of spans) {
          const escaped = span.text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
          expect(left).not.toMatch(
            new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'u'),
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});
