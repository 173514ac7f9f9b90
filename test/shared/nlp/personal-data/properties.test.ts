import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findPersonalData } from '#shared/nlp/personal-data/index.ts';

const digits = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length });

/** The digit after which Luhn's sum is a multiple of ten. */
function luhnDigit(body: readonly number[]): number {
  const sum = body
    .toReversed()
    .map((digit, index) => (index % 2 === 0 ? digit * 2 : digit))
    .reduce((total, digit) => total + (digit > 9 ? digit - 9 : digit), 0);
  return (10 - (sum % 10)) % 10;
}

const cards = fc
  .tuple(
    fc.constantFrom(['4', 16], ['51', 16], ['2221', 16], ['34', 15], ['6011', 16], ['3530', 16]),
    digits(16),
    fc.constantFrom('', ' ', '-'),
  )
  .map(([[prefix, length], rest, separator]) => {
    const body = [...String(prefix)]
      .map(Number)
      .concat(rest)
      .slice(0, Number(length) - 1);
    const number = [...body, luhnDigit(body)].join('');
    const groups = length === 15 ? /(\d{4})(\d{6})(\d{5})/ : /(\d{4})(\d{4})(\d{4})(\d{4})/;
    return number.replace(groups, (_, ...parts) =>
      parts.slice(0, length === 15 ? 3 : 4).join(separator),
    );
  });

const ibans = fc
  .tuple(fc.constantFrom(['DE', 18], ['NL', 14], ['GB', 18]), digits(18), fc.boolean())
  .map(([[country, length], numbers, spaced]) => {
    const bank = country === 'DE' ? '' : 'ABCD';
    const body = bank + numbers.join('').slice(0, Number(length) - bank.length);
    const asNumber = (text: string) =>
      text.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
    const check = 98n - (BigInt(asNumber(`${body}${country}00`)) % 97n);
    const iban = `${country}${String(check).padStart(2, '0')}${body}`;
    return spaced ? iban.replace(/(.{4})(?=.)/g, '$1 ') : iban;
  });

const cpfs = digits(9)
  .filter((body) => new Set(body).size > 1)
  .map((body) => {
    const check = (numbers: readonly number[]) => {
      const rest =
        numbers.reduce((sum, digit, index) => sum + digit * (numbers.length + 1 - index), 0) % 11;
      return rest < 2 ? 0 : 11 - rest;
    };
    const all = [...body, check(body)];
    return [...all, check(all)].join('').replace(/(\d{3})(\d{3})(\d{3})(\d{2})/, '$1.$2.$3-$4');
  });

const dnis = fc
  .integer({ min: 10_000_000, max: 99_999_999 })
  .map((number) => `${number}${'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(number % 23)}`);

/** What may stand around a value: no letter or digit beside it, and nothing that is a word for something else. */
const around = fc
  .array(
    fc.constantFrom(
      'wir',
      'gehen',
      'les',
      'amis',
      'été',
      'tree',
      '😀',
      '中文',
      '—',
      '\n',
      '(',
      ')',
      '...',
      '!',
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(' '));

describe.each([
  ['CREDIT_CARD', cards],
  ['IBAN', ibans],
  ['NATIONAL_ID', cpfs],
  ['NATIONAL_ID', dnis],
] as const)('valid numbers: %s', (kind, values) => {
  test('are found wherever they stand', () => {
    fc.assert(
      fc.property(around, values, around, (before, value, after) => {
        const text = `${before} ${value} ${after}`;
        const spans = findPersonalData(text, { language: 'und' });
        const start = before.length + 1;
        expect(spans.filter((span) => span.kind === kind && span.start === start)).toMatchObject([
          { text: value },
        ]);
      }),
    );
  });

  test('with another last digit or letter are not', () => {
    fc.assert(
      fc.property(values, (value) => {
        const last = value.at(-1) ?? '';
        const other = /\d/.test(last) ? String((Number(last) + 1) % 10) : last === 'T' ? 'R' : 'T';
        const text = `x ${value.slice(0, -1)}${other} y`;
        const spans = findPersonalData(text, { language: 'und' });
        expect(spans.filter((span) => span.kind === kind && span.end === text.length - 2)).toEqual(
          [],
        );
      }),
    );
  });
});

test('spans of any text are in order, do not overlap and slice back', () => {
  const pieces = fc.array(
    fc.oneof(
      cards,
      ibans,
      dnis,
      around,
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom('password: ', 'born ', 'call ', '@', '://', '12 ', 'Street'),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      let end = 0;
      for (const span of findPersonalData(text, { language: 'en' })) {
        expect(span.start).toBeGreaterThanOrEqual(end);
        expect(span.end).toBeGreaterThan(span.start);
        expect(text.slice(span.start, span.end)).toBe(span.text);
        expect(span.score).toBeGreaterThan(0);
        expect(span.score).toBeLessThanOrEqual(1);
        end = span.end;
      }
    }),
  );
});
