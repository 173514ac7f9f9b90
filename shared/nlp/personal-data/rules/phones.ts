import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { digitsOf } from '../checks.ts';
import { betweenWords, type Rule, type Scan } from '../scan.ts';
import { isCountry } from './countries.ts';

/** Where a language's writers most likely are: whose numbers are tried where none has a country code. */
const countriesByLanguage: Readonly<Record<string, string>> = {
  ar: 'SA AE EG',
  bg: 'BG',
  cs: 'CZ',
  da: 'DK',
  de: 'DE AT CH',
  el: 'GR CY',
  en: 'US GB AU IN IE NZ ZA',
  es: 'ES MX AR CO CL PE',
  et: 'EE',
  fi: 'FI',
  fr: 'FR BE CH CA',
  he: 'IL',
  hi: 'IN',
  hr: 'HR',
  hu: 'HU',
  is: 'IS',
  it: 'IT CH',
  ja: 'JP',
  ko: 'KR',
  lt: 'LT',
  lv: 'LV',
  nl: 'NL BE',
  no: 'NO',
  pl: 'PL',
  pt: 'BR PT',
  ro: 'RO',
  ru: 'RU',
  sk: 'SK',
  sl: 'SI',
  sr: 'RS',
  sv: 'SE FI',
  tr: 'TR',
  uk: 'UA',
  zh: 'CN TW HK',
};

/** A plus or a bracket, digits, separators between them, an extension. */
const candidates = betweenWords(
  /(?<![\p{L}\p{N}_]|\d[.,:/-]|[.:=/#$€£¥]|\b[A-Z]-)(?:\+ ?|\+?\()?\d(?:[ \u00a0\u202f.\-–/()]{0,3}\d){4,16}(?:(?:[ ,;]{0,2}(?:x|ext\.?|extension|#)[ .:]?)\d{1,6})?(?![\p{L}\p{N}_]|[-/:]\d|[.,]\d)/giu,
);
/** Numbers that the library reads in a text at most; of more than so many, the form alone decides. */
const READ_AT_MOST = 256;

/** Phone numbers: with a country code those that its plan allows; without, those in groups, or near a word for it. */
export const phones: Rule = function* findPhones(scan) {
  const { text, cues } = scan;
  const read = createReader(scan);
  for (const { 0: value, index: start } of text.matchAll(candidates)) {
    const end = start + value.length;
    const main = value.replace(/[ ,;]{0,2}(?:x|ext\.?|extension|#)[ .:]?\d{1,6}$/i, '');
    const digits = digitsOf(main).length;
    const international = /^(?:\+|\(\+|00[1-9]|001)/.test(main);
    const near = cues.near('phone', start, end, 40, 14);
    if (digits < 7 && !(near && digits >= 6)) continue;
    if (digits > 15 || isDateOrNumber(main) || isUneven(main)) continue;
    if (cues.near('reference', start, end, 14) && !international) continue;
    const grouped = isGrouped(main);
    if (international || grouped || near) {
      const valid = read(main);
      if (valid && international) {
        yield { kind: 'PHONE', rule: 'numbering-plan', start, end, score: 0.95 };
      } else if (valid && (grouped || near)) {
        yield { kind: 'PHONE', rule: 'numbering-plan', start, end, score: near ? 0.85 : 0.7 };
      } else if (near || main.startsWith('+')) {
        yield { kind: 'PHONE', rule: 'near-words', start, end, score: 0.7 };
      }
    }
  }
};

/** Dates, amounts, years from to and numbers with thousands are in groups as well. */
function isDateOrNumber(value: string): boolean {
  return (
    /^(?:19|20)\d{2}[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])(?:$|\D)/.test(value) ||
    /^(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:19|20)\d{2}(?:$|\D)/.test(
      value,
    ) ||
    /^(?:1[5-9]|20)\d{2} ?[-–/] ?(?:1[5-9]|20)\d{2}$/.test(value) ||
    /^\d{1,3}(?:[. \u00a0\u202f]000)+$/u.test(value) ||
    /^\d{1,3}(?:\.\d{1,3}){3}$/.test(value)
  );
}

/** Three groups, or two that something else than a space parts: as people write phone numbers and little else. */
function isGrouped(value: string): boolean {
  const groups = value.match(/\d+/g)?.length ?? 0;
  return groups >= 3 || (groups === 2 && /[-–.()/]/.test(value));
}

/** Numbers that stand in a row, such as `1 2 3 4 5 6 7`, and brackets that do not close. */
function isUneven(value: string): boolean {
  const groups = value.match(/\d+/g) ?? [];
  const single = groups.filter((group) => group.length === 1).length;
  if (single > 2 || (groups.length > 2 && groups.every((group) => group.length < 2))) return true;
  const [opened, closed] = [value.split('(').length, value.split(')').length];
  return opened !== closed;
}

/** Whether a number is one of a plan: of the plans of the language's and the named countries. */
function createReader({ language, countries }: Scan): (value: string) => boolean {
  const named = (countries ?? []).filter(isCountry);
  const likely = named.length > 0 ? named : (countriesByLanguage[language] ?? 'US GB').split(' ');
  const known = new Map<string, boolean>();
  let reads = 0;
  return (value) => {
    const before = known.get(value);
    if (before !== undefined) return before;
    if (reads >= READ_AT_MOST) return true;
    const regions = /^(?:\+|\(\+)/.test(value) ? likely.slice(0, 1) : likely;
    const valid = regions.some((region) => {
      reads++;
      return parsePhoneNumberFromString(value, region as CountryCode)?.isValid() ?? false;
    });
    known.set(value, valid);
    return valid;
  };
}
