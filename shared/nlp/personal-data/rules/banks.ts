import { digitsOf, moduloOf, weightedSum } from '../checks.ts';
import { afterCueRule, betweenWords, formRule, type Rule } from '../scan.ts';
import { isCountry } from './countries.ts';

/** Lengths of account numbers by country, of the registry that SWIFT keeps (ISO 13616). */
const lengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18' +
    'GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15' +
    'OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30'
  )
    .match(/.{4}/g)
    ?.map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]) ?? [],
);

const beginnings = betweenWords(/(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?=[ -]?[A-Z0-9])/giu);

const isBesideWord = betweenWords(/[\p{L}\p{N}]/u);

/** International account numbers: country, its length, and the check modulo 97 (ISO 7064). */
export const ibans: Rule = function* findIbans({ text, serves }) {
  for (const { 0: beginning, index: start } of text.matchAll(beginnings)) {
    const country = beginning.slice(0, 2).toUpperCase();
    const length = lengths[country];
    if (length === undefined || !serves(country)) continue;
    let [end, taken, compact] = [start, 0, ''];
    while (taken < length && end < text.length) {
      const unit = text.charAt(end);
      if (/[A-Za-z0-9]/.test(unit)) {
        compact += unit.toUpperCase();
        taken++;
      } else if (!/[ \u00a0-]/.test(unit) || !/[A-Za-z0-9]/.test(text.charAt(end - 1))) break;
      end++;
    }
    if (taken < length || isBesideWord.test(text.charAt(end))) continue;
    if (moduloOf(compact.slice(4) + compact.slice(0, 4), 97) !== 1) continue;
    yield { kind: 'IBAN', rule: 'mod97', start, end, score: 0.99 };
  }
};

const numberLead = String.raw`((?:[ \t]*(?:number|numbers|no|nr|num|code|details|is|ist|est|es|è|é|er|är|numero|número|numéro)\b\.?){0,3}[ \t]*[:=#]{0,2}[ \t]*)`;

/** Numbers of accounts and banks near their words. */
export const bankNumbers: readonly Rule[] = [
  formRule([
    {
      kind: 'BANK_ROUTING',
      rule: 'us-aba',
      country: 'US',
      pattern: /(?<![\w.-])(?:0\d|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)\d{7}(?![\w-])/gu,
      check: (value) => weightedSum(digitsOf(value), [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0,
      cue: ['routing', 30],
      score: 0.99,
    },
    {
      kind: 'BANK_ROUTING',
      rule: 'gb-sort-code',
      country: 'GB',
      pattern: /(?<![\w.-])\d{2}[ -]?\d{2}[ -]?\d{2}(?![\w-]|\.\d)/gu,
      cue: ['routing', 20],
      score: 0.85,
    },
    {
      kind: 'BANK_ROUTING',
      rule: 'de-blz',
      country: 'DE',
      pattern: /(?<![\w.-])[1-8]\d{2} ?\d{3} ?\d{2}(?![\w-])/gu,
      cue: ['routing', 20],
      score: 0.85,
    },
  ]),
  afterCueRule('account', {
    kind: 'BANK_ACCOUNT',
    rule: 'near-words',
    pattern: new RegExp(`${numberLead}(\\d{4,17}(?:[ -]\\d{1,10}){0,4})(?![\\p{L}\\d])`, 'iuy'),
    check: (value) => {
      const { length } = digitsOf(value);
      return length >= 6 && length <= 20;
    },
    score: 0.7,
  }),
];

/** Codes of banks (ISO 9362) near their words. */
export const swiftCodes = formRule([
  {
    kind: 'SWIFT_CODE',
    rule: 'iso9362',
    pattern: /(?<![\p{L}\p{N}_-])[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![\p{L}\p{N}_-])/gu,
    check: (value) => isCountry(value.slice(4, 6)),
    cue: ['swift', 30, 12],
    score: 0.95,
  },
]);
