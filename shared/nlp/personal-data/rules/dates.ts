import { isDay } from '../checks.ts';
import { type Form, formRule, type Rule } from '../scan.ts';

const months =
  'january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec|' +
  'januar|jänner|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|' +
  'enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro|' +
  'gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|januari|februari|maart|augustus|maj|augusti|december|januar|marts|desember|' +
  'siječnja|veljače|ožujka|travnja|svibnja|lipnja|srpnja|kolovoza|rujna|listopada|studenoga|prosinca|stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|grudnia';
const weekdays =
  'monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|' +
  'lunes|martes|miércoles|jueves|viernes|sábado|domingo|segunda-feira|terça-feira|quarta-feira|quinta-feira|sexta-feira|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|' +
  'maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|måndag|tisdag|onsdag|torsdag|fredag|lördag|söndag|mandag|tirsdag|lørdag|søndag';
const time =
  '(?:[T ,]{1,2}(?:[01]?\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,9})?)?(?: ?[ap]\\.?m\\b\\.?)?(?:Z| ?[+-]\\d{2}:?\\d{2})?)?';
const before = '(?<![\\p{L}\\p{N}_]|\\d[.,/-]|[$€£¥#] ?)';
const after = '(?![\\p{L}\\p{N}_]|[-/.]\\d)';
const year = '(?:1[89]|20)\\d{2}';
const ordinal = '(?:st|nd|rd|th|\\.|º|er|:e)?';

/** Whether numbers of a date are a day, in either order. */
const isDate = (value: string): boolean => {
  const numbers = value.match(/\d+/g) ?? [];
  const [a = '', b = '', c = ''] = numbers;
  if (a.length === 4) return isDay(Number(b), Number(c));
  return isDay(Number(a), Number(b)) || isDay(Number(b), Number(a));
};

const dates: readonly [pattern: string, check?: (value: string) => boolean][] = [
  [`${year}([-/.])(?:0?[1-9]|1[0-2])\\1(?:0?[1-9]|[12]\\d|3[01])${time}`, isDate],
  [`\\d{1,2}([-/.])\\d{1,2}\\1(?:${year}|\\d{2})${time}`, isDate],
  [`(?:(?:${weekdays}),? )?(?:${months})\\.? \\d{1,2}${ordinal}(?:,? ${year})?${time}`],
  [
    `(?:(?:${weekdays}),? )?\\d{1,2}${ordinal} (?:de |of )?(?:${months})\\.?,?(?: (?:de |of )?${year})?${time}`,
  ],
  [`(?:${months})\\.? (?:de )?${year}`],
  [`(?:明治|大正|昭和|平成|令和)\\d{1,2}年\\d{1,2}月\\d{1,2}日`],
];

/** Dates that are not ambiguous; those near the words for a birth are dates of birth. */
const forms = (kind: 'DATE_TIME' | 'DATE_OF_BIRTH'): Form[] =>
  dates.map(([pattern, check]) => ({
    kind,
    rule: kind === 'DATE_TIME' ? 'date' : 'near-words',
    pattern: new RegExp(`${before}(?:${pattern})${after}`, 'giu'),
    ...(check && { check }),
    ...(kind === 'DATE_OF_BIRTH' && { cue: ['birth', 40, 16] as const }),
    score: kind === 'DATE_TIME' ? 0.7 : 0.85,
  }));

/** Dates, years that words say are years, days of the week. */
export const dateRules: readonly Rule[] = [
  formRule([
    ...forms('DATE_OF_BIRTH'),
    ...forms('DATE_TIME'),
    ...(['DATE_OF_BIRTH', 'DATE_TIME'] as const).map(
      (kind): Form => ({
        kind,
        rule: kind === 'DATE_TIME' ? 'date' : 'near-words',
        // Years, months and days in Chinese, Japanese and Korean stand without spaces around them.
        pattern: /(?<![\p{N}])(?:1[89]|20)\d{2} ?[年년] ?\d{1,2} ?[月월] ?\d{1,2} ?[日일号號]/gu,
        ...(kind === 'DATE_OF_BIRTH' && { cue: ['birth', 12, 6] as const }),
        score: kind === 'DATE_TIME' ? 0.7 : 0.85,
      }),
    ),
    {
      kind: 'DATE_TIME',
      rule: 'year-near-words',
      pattern: new RegExp(
        `(?<=(?<![\\p{L}\\p{N}])(?:in|since|until|till|during|from|of|by|before|after|circa|year|is a|was a|en|em|im|seit|depuis|desde|dal|nel|sedan|siden|anno) )${year}(?![\\p{L}\\p{N}_%°]|[-/.,:]\\d| ?[$€£])`,
        'giu',
      ),
      score: 0.5,
    },
    {
      kind: 'DATE_TIME',
      rule: 'weekday',
      pattern: new RegExp(`(?<![\\p{L}\\p{N}_])(?:${weekdays})(?![\\p{L}\\p{N}_])`, 'giu'),
      score: 0.5,
    },
  ]),
];
