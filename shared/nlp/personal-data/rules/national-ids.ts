import { type Form, formRule, type Nearness } from '../scan.ts';
import { idChecks } from './national-id-checks.ts';

/** Before a number, and after it. */
const near: Nearness = ['nationalId', 45, 25];
const before = '(?<![\\p{L}\\p{N}_./+-])';
const after = '(?![\\p{L}\\p{N}_]|[-./]\\d)';

/** A form by its country's name for it; `check` where it is not named as the rule. */
function id(
  rule: string,
  form: string,
  score: number,
  { check = rule, cue }: { check?: string; cue?: Nearness } = {},
): Form {
  const checks: Readonly<Record<string, (value: string) => boolean>> = idChecks;
  const holds = checks[check];
  return {
    kind: 'NATIONAL_ID',
    rule,
    country: rule.slice(0, 2).toUpperCase(),
    pattern: new RegExp(`${before}(?:${form})${after}`, 'giu'),
    score,
    ...(holds && { check: holds }),
    ...(cue && { cue }),
  };
}

/** A form that other numbers have too: only near the words for it. */
const byWord = (rule: string, form: string, check?: string) =>
  id(rule, form, 0.95, { cue: near, ...(check !== undefined && { check }) });

const day = '(?:0[1-9]|[12]\\d|3[01])';
const month = '(?:0[1-9]|1[0-2])';

/**
 * National and tax numbers: those with check digits or a form of their own wherever they are, the others near their words.
 * Each country's rule is in `national-id-checks.ts`.
 */
export const nationalIds = formRule([
  id('us-ssn', '\\d{3}([- ])\\d{2}\\1\\d{4}', 0.95),
  byWord('us-ssn', '\\d{9}', 'us-ssn-bare'),
  id('us-itin', '9\\d{2}-(?:5\\d|6[0-5]|7\\d|8[0-8]|9[0-24-9])-\\d{4}', 0.85),
  id('gb-nino', '[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\\d{2} ?\\d{2} ?\\d{2} ?[A-D]', 0.95),
  byWord('gb-nhs', '\\d{3}[ -]?\\d{3}[ -]?\\d{4}'),
  id('de-steuer-id', '\\d{2} \\d{3} \\d{3} \\d{3}', 0.95),
  byWord('de-steuer-id', '\\d{11}'),
  id('de-rvnr', `\\d{2} ?${day}${month}\\d{2} ?[A-Z] ?\\d{3}`, 0.95),
  id(
    'fr-nir',
    `[1-478] ?\\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\\d) ?(?:\\d{2}|2[AB]) ?\\d{3} ?\\d{3} ?\\d{2}`,
    0.99,
  ),
  id('es-dni', '\\d{8}[ -]?[A-HJ-NP-TV-Z]', 0.95),
  id('es-nie', '[XYZ][ -]?\\d{7}[ -]?[A-HJ-NP-TV-Z]', 0.95, { check: 'es-dni' }),
  id(
    'it-codice-fiscale',
    '[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]',
    0.99,
  ),
  byWord('pt-nif', '[1235689]\\d{2} ?\\d{3} ?\\d{3}'),
  byWord('nl-bsn', '\\d{9}|\\d{4}[. ]\\d{2}[. ]\\d{3}'),
  id('be-nrn', '\\d{2}\\.\\d{2}\\.\\d{2}-\\d{3}\\.\\d{2}', 0.99),
  byWord('be-nrn', '\\d{11}'),
  byWord('at-svnr', `\\d{4} ?${day}${month}\\d{2}`),
  id('ch-ahv', '756\\.\\d{4}\\.\\d{4}\\.\\d{2}', 0.99),
  byWord('ch-ahv', '756\\d{10}'),
  byWord('pl-pesel', '\\d{11}'),
  id('cz-rodne-cislo', '\\d{6}/\\d{3,4}', 0.85),
  byWord('hr-oib', '\\d{11}'),
  id('ro-cnp', '[1-9]\\d{12}', 0.85),
  byWord('bg-egn', '\\d{10}'),
  id('yu-jmbg', `${day}${month}[90]\\d{8}`, 0.85),
  byWord('ee-isikukood', '[1-8]\\d{10}', 'baltic'),
  byWord('lt-asmens-kodas', '[1-6]\\d{10}', 'baltic'),
  byWord('lv-pk', `${day}${month}\\d{2}-?[0-2]\\d{4}`),
  id('se-personnummer', '(?:19|20)?\\d{6}[-+]\\d{4}', 0.95),
  byWord('se-personnummer', '(?:19|20)?\\d{10}'),
  id('dk-cpr', `${day}${month}\\d{2}-\\d{4}`, 0.85),
  byWord('dk-cpr', `${day}${month}\\d{6}`),
  id('no-fodselsnummer', '\\d{6} ?\\d{5}', 0.95),
  id('fi-hetu', `${day}${month}\\d{2}[-+A-FYXWVU]\\d{3}[0-9A-FHJ-NPR-Y]`, 0.99),
  id('is-kennitala', '\\d{6}-\\d{3}[089]', 0.95),
  byWord('is-kennitala', '\\d{9}[09]'),
  id('ie-pps', '\\d{7}[A-W][A-IW]?', 0.85),
  byWord('tr-kimlik', '[1-9]\\d{10}'),
  id('br-cpf', '\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}', 0.99),
  byWord('br-cpf', '\\d{9}-?\\d{2}'),
  id('br-cnpj', '\\d{2}\\.\\d{3}\\.\\d{3}/\\d{4}-\\d{2}', 0.99),
  byWord('br-cnpj', '\\d{14}'),
  id('mx-curp', `[A-Z][AEIOUX][A-Z]{2}\\d{2}${month}${day}[HMX][A-Z]{5}[0-9A-Z]\\d`, 0.99),
  id('cl-rut', '\\d{1,2}\\.\\d{3}\\.\\d{3}-[\\dK]', 0.95),
  byWord('cl-rut', '\\d{7,8}-[\\dK]'),
  byWord('ca-sin', '[1-79]\\d{2}[- ]?\\d{3}[- ]?\\d{3}', 'luhn'),
  byWord('au-tfn', '\\d{3} ?\\d{3} ?\\d{3}'),
  byWord('au-medicare', '[2-6]\\d{3} ?\\d{5} ?\\d'),
  id('in-aadhaar', '[2-9]\\d{3} \\d{4} \\d{4}', 0.85),
  byWord('in-aadhaar', '[2-9]\\d{3}-?\\d{4}-?\\d{4}'),
  id('in-pan', '[A-Z]{3}[ABCFGHJLPT][A-Z]\\d{4}[A-Z]', 0.85),
  byWord('jp-my-number', '\\d{4}([- ]?)\\d{4}\\1\\d{4}'),
  id('kr-rrn', `\\d{2}${month}${day}-[1-8]\\d{6}`, 0.95),
  id('cn-resident-id', '[1-9]\\d{16}[\\dX]', 0.99),
  id('tw-id', '[A-Z][1289]\\d{8}', 0.95),
  id('hk-id', '[A-Z]{1,2}\\d{6}\\([\\dA]\\)', 0.99),
  id('sg-nric', '[STFGM]\\d{7}[A-Z]', 0.95),
  id('th-id', '[1-8]-\\d{4}-\\d{5}-\\d{2}-\\d', 0.99),
  byWord('th-id', '[1-8]\\d{12}'),
  id('my-nric', `\\d{2}${month}${day}-\\d{2}-\\d{4}`, 0.85),
  id('za-id', `\\d{2}${month}${day}\\d{4}[01][89]\\d`, 0.95),
  byWord('il-id', '\\d{8}-?\\d', 'luhn'),
]);
