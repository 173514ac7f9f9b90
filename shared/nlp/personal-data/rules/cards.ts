import { digitsOf, luhn } from '../checks.ts';
import { afterCueRule, betweenWords, type Rule } from '../scan.ts';

/** First digits of issuers, from and to, and the lengths of their numbers. */
const issuers: readonly [from: string, to: string, shortest: number, longest: number][] = [
  ['4', '4', 13, 19],
  ['51', '55', 16, 16],
  ['2221', '2720', 16, 16],
  ['34', '34', 15, 15],
  ['37', '37', 15, 15],
  ['300', '305', 14, 19],
  ['308', '309', 14, 19],
  ['31', '31', 16, 16],
  ['333', '333', 16, 16],
  ['36', '36', 14, 19],
  ['38', '39', 14, 19],
  ['6011', '6011', 16, 19],
  ['644', '649', 16, 19],
  ['65', '65', 16, 19],
  ['60', '60', 16, 16],
  ['3528', '3589', 16, 19],
  ['2131', '2131', 15, 15],
  ['1800', '1800', 15, 15],
  ['62', '62', 16, 19],
  ['81', '82', 16, 19],
  ['50', '50', 12, 19],
  ['56', '58', 12, 19],
  ['63', '63', 12, 19],
  ['67', '67', 12, 19],
  ['2200', '2205', 16, 19],
  ['9792', '9792', 16, 16],
];

/** Digits in groups, each of which one separator leads to; a run begins and ends at its own digits. */
const runs = betweenWords(
  /(?<![\p{L}\p{N}_]|\d[.,:/-])\d{1,19}(?:[ \u00a0\u202f-]\d{1,19}){0,11}(?![\p{L}\p{N}_])/gu,
);
const separator = /[ \u00a0\u202f-]/u;

/** Payment cards: an issuer's first digits, a length that it gives, and Luhn's check. */
export const cardNumbers: Rule = function* findCards({ text, cues }) {
  for (const { 0: run, index } of text.matchAll(runs)) {
    if (run.length < 12) continue;
    // Near its word a number need not be of an issuer that is known here.
    const near = cues.near('card', index, index + run.length, 60, 30);
    for (const [start, end] of cardsOf(run, near)) {
      if (!near && cues.near('reference', index + start, index + end, 20)) continue;
      yield {
        kind: 'CREDIT_CARD',
        rule: 'luhn',
        start: index + start,
        end: index + end,
        score: 0.99,
      };
    }
  }
};

/** The parts of a run of groups that are cards, from the left, the longest first. */
function* cardsOf(run: string, near: boolean): Generator<[start: number, end: number]> {
  const groups = [...run.matchAll(/\d+/g)].map(({ 0: digits, index }) => ({ digits, index }));
  for (let first = 0; first < groups.length; first++) {
    for (let last = Math.min(groups.length, first + 7) - 1; last >= first; last--) {
      const part = groups.slice(first, last + 1);
      const from = part[0]?.index ?? 0;
      const to = (part.at(-1)?.index ?? 0) + (part.at(-1)?.digits.length ?? 0);
      const number = part.map(({ digits }) => digits).join('');
      if (!isGrouped(part.map(({ digits }) => digits.length)) || !isCard(number, near)) continue;
      // Twelve of sixteen digits are as often a card as not.
      if (number.length < 15 && part.length < groups.length) continue;
      const separators = new Set([...run.slice(from, to)].filter((unit) => separator.test(unit)));
      if (separators.size > 1) continue;
      yield [from, to];
      first = last;
      break;
    }
  }
}

/** People write numbers in groups of like length: fours and what is left, 4-6-5, 4-6-4. */
function isGrouped(lengths: readonly number[]): boolean {
  if (lengths.length === 1) return true;
  const [first, second, ...rest] = lengths;
  if (first === 4 && second === 6) return rest.length === 1 && (rest[0] === 5 || rest[0] === 4);
  if (lengths.length === 2) return first === 8 || second === 8;
  return lengths.slice(0, -1).every((length) => length === 4) && (lengths.at(-1) ?? 0) <= 7;
}

function isCard(number: string, near: boolean): boolean {
  const { length } = number;
  if (length < 12 || length > 19) return false;
  const issued = issuers.some(([from, to, shortest, longest]) => {
    const prefix = number.slice(0, from.length);
    return prefix >= from && prefix <= to && length >= shortest && length <= longest;
  });
  return (near || issued) && luhn(digitsOf(number));
}

const lead = String.raw`([)\]]?[ \t]*(?:(?:date|number|code|no|nr|is|at|on|ist|est|es|è|é|em|le|am)\b\.?[ \t]*){0,2}[:=#(]?[ \t]*)`;

/** What is written beside a card: its expiry and its security code. */
export const cardDetails: readonly Rule[] = [
  afterCueRule('expiry', {
    kind: 'CARD_EXPIRY',
    rule: 'near-words',
    pattern: new RegExp(
      `${lead}((?:0[1-9]|1[0-2])[ ]?[/.-][ ]?(?:20)?[2-4]\\d)(?![\\d/.-]\\d|\\d)`,
      'iuy',
    ),
    score: 0.85,
  }),
  afterCueRule('securityCode', {
    kind: 'CARD_SECURITY_CODE',
    rule: 'near-words',
    pattern: new RegExp(`${lead}(\\d{3,4})(?![\\d.,/-]\\d|\\d)`, 'iuy'),
    score: 0.85,
  }),
];
