import { afterCueRule, formRule, type Rule } from '../scan.ts';

const lead = String.raw`((?:[ \t]*(?:number|numbers|no|nr|num|id|is|was|ist|lautet|est|es|è|é|er|är|on|numero|número|numéro|nummer|of)\b\.?|[ \t]*(?:番号|は|号码|號碼|번호)){0,3}[ \t]*[:=#：(]{0,2}[ \t]*)`;

/** Numbers of passports and driving licences: letters and digits of many forms, near the words for them. */
export const documents: readonly Rule[] = [
  afterCueRule('passport', {
    kind: 'PASSPORT',
    rule: 'near-words',
    pattern: new RegExp(`${lead}([A-Z]{0,3}[ -]?\\d[A-Z0-9]{4,10})(?![\\p{L}\\p{N}_])`, 'iuy'),
    check: (value) => (value.match(/\d/g)?.length ?? 0) >= 4,
    score: 0.85,
  }),
  afterCueRule('licence', {
    kind: 'DRIVER_LICENSE',
    rule: 'near-words',
    pattern: new RegExp(
      `${lead}([A-Z0-9]{1,8}(?:[ -]?[A-Z0-9]{1,8}){0,4}?)(?![\\p{L}\\p{N}_]|[ -]\\d)`,
      'iuy',
    ),
    check: (value) =>
      (value.match(/\d/g)?.length ?? 0) >= 4 && value.length >= 5 && !/ [a-z]/.test(value),
    score: 0.85,
  }),
  formRule([
    {
      kind: 'PASSPORT',
      rule: 'near-words',
      pattern:
        /(?<![\p{L}\p{N}_-])(?:[A-Z]{1,2}\d{6,8}|[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8,9}|\d{9})(?![\p{L}\p{N}_-])/gu,
      check: (value) => /\d/.test(value),
      cue: ['passport', 30, 25],
      score: 0.85,
    },
    {
      kind: 'DRIVER_LICENSE',
      rule: 'gb-licence',
      country: 'GB',
      pattern:
        /(?<![\p{L}\p{N}_-])[A-Z9]{5}\d[0156]\d(?:0[1-9]|[12]\d|3[01])\d[A-Z9]{2}[A-HJ-Z0-9]{3}(?:\d{2})?(?![\p{L}\p{N}_-])/giu,
      score: 0.95,
    },
    {
      kind: 'DRIVER_LICENSE',
      rule: 'near-words',
      pattern: /(?<![\p{L}\p{N}_-])[A-Z]{0,2}\d{5,16}(?![\p{L}\p{N}_-])/gu,
      cue: ['licence', 30, 25],
      score: 0.7,
    },
  ]),
];
