import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probeOf } from '#shared/contracts/canary.ts';
import { isIsoTime, parseIsoTime } from '#shared/contracts/iso-time.ts';
import { parseJson } from '#shared/contracts/parse-json.ts';
import { checkTextRecord } from '#shared/contracts/text-record.ts';

const record = (more: object = {}) => ({ id: 'a', text: 'Ada', ...more });
const faultOf = (value: unknown): string => {
  try {
    checkTextRecord(value);
    return 'valid';
  } catch (error) {
    return error instanceof Error ? error.message : 'no error';
  }
};
const probe = probeOf(randomUUID(), 'en');
const MARKED = "source must not be the canary's: it marks the probes, which no metric counts";
/** Names that JavaScript's objects have themselves, and others. */
const names = fc.oneof(
  fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype)),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
);
const attributes = fc.dictionary(names, fc.string({ unit: 'grapheme' }), { maxKeys: 16 });

describe('checkTextRecord', () => {
  it('keeps attributes of any name as they are', () => {
    fc.assert(
      fc.property(attributes, (map) => {
        const sent: unknown = JSON.parse(JSON.stringify(record({ attributes: map })));

        const { attributes: kept } = checkTextRecord(sent);

        expect(JSON.stringify(kept)).toBe(JSON.stringify(map));
      }),
    );
    const hostile: unknown = JSON.parse('{"__proto__":"p","constructor":"c"}');
    expect(JSON.stringify(checkTextRecord(record({ attributes: hostile })).attributes)).toBe(
      '{"__proto__":"p","constructor":"c"}',
    );
  });

  it.each([
    [{ text: '\u200b' }, 'text must not be blank'],
    [{ text: '\u3164\u115f\u2060' }, 'text must not be blank'],
    [{ text: '\0\u0007' }, 'text must not be blank'],
    [{ text: ' \u00ad\u2800\ufeff\u{e0041}\ufe0f' }, 'text must not be blank'],
    [{ text: 'a\u200b' }, 'valid'],
    [{ text: '\u0301' }, 'valid'],
    [{ text: '\ue000' }, 'valid'],
    [{ questions: ['Who?', '\u200d'] }, 'questions[1] must not be blank'],
    [{ questions: ['\ud800'] }, /^questions\[0\] must be well-formed/],
    [{ questions: null }, 'questions must be an array'],
    [{ attributes: null }, 'attributes must be an object of strings'],
    [{ attributes: ['a'] }, 'attributes must be an object of strings'],
    [{ attributes: { n: 1 } }, 'attributes.n must be a string'],
    [{ attributes: { constructor: {} } }, 'attributes.constructor must be a string'],
    [{ attributes: { k: 'x\ud83d' } }, /^attributes\.k must be well-formed/],
    [{ attributes: { '\udc00': 'v' } }, /name of well-formed/],
    [{ attributes: { '': 'v' } }, /empty name/],
    [{ attributes: { k: '' } }, 'valid'],
    [{ attributes: { 'k\0': 'v\0w' } }, 'valid'],
    [{ attributes: { ['k'.repeat(65)]: 'v' } }, /at most 64 characters/],
    [{ attributes: { k: 'v'.repeat(1025) } }, /at most 1024 characters/],
    [
      { attributes: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, 'v'])) },
      'attributes must hold at most 16 pairs',
    ],
    [{ source: '__proto__' }, 'valid'],
    [{ source: 'spanstream-canary' }, MARKED],
    [{ ...probe, text: 'Ada' }, MARKED],
    [{ ...probe, id: 'spanstream-canary:1' }, MARKED],
    [{ ...probe, source: 'news' }, 'valid'],
    [probe, 'valid'],
    [{ tasks: ['entities', 'pii'] }, 'valid'],
    [{ tasks: [] }, 'tasks must name at least one task'],
    [{ tasks: ['entities', 'entities'] }, 'tasks must name each task once'],
    [{ tasks: ['summaries'] }, 'tasks[0] must be one of entities, answers, labels, tags, pii'],
    [{ language: 'pt-BR' }, 'valid'],
    [{ language: 'english' }, 'valid'],
    [{ language: 'e' }, 'language must be a language tag of BCP 47, such as en or pt-BR'],
    [{ language: 'en_GB' }, 'language must be a language tag of BCP 47, such as en or pt-BR'],
    [{ language: '' }, 'language must be a language tag of BCP 47, such as en or pt-BR'],
    [{ language: `en-${'x-a'.repeat(20)}` }, 'language must be at most 35 characters'],
    [{ id: 'a\n' }, /^id must be 1 to 128/],
  ])('judges %j', (more, expected) => {
    if (typeof expected === 'string') expect(faultOf(record(more))).toBe(expected);
    else expect(faultOf(record(more))).toMatch(expected);
  });

  it('keeps a language in its canonical form', () => {
    expect(checkTextRecord(record({ language: 'PT-br' })).language).toBe('pt-BR');
    expect(checkTextRecord(record({ language: 'zh-hant-tw' })).language).toBe('zh-Hant-TW');
  });

  it('takes no field for known because every object has it', () => {
    for (const name of Object.getOwnPropertyNames(Object.prototype)) {
      const given: unknown = JSON.parse(`{"id":"a","text":"Ada","${name}":"x"}`);
      expect(faultOf(given)).toBe(`${name} is not a known field`);
    }
  });
});

describe('isIsoTime', () => {
  it.each([
    '2026-01-31T12:00:00Z',
    '2026-01-31T12:00Z',
    '2026-01-31T12Z',
    '2026-01-31T12:00:00+00',
    '2026-01-31T12:00:00+0000',
    '2026-01-31T12:00:00-11:30',
    '2026-01-31T12:00:00.123456+00:00',
    '2026-01-31T12:00:00,123456789Z',
    '2026-01-31T12:00.5Z',
    '2026-01-31t12:00:00z',
    '20260131T120000Z',
    '20260131T1200+01',
    '2026-W05-6T12:00Z',
    '2026W056T12Z',
    '2020-W53-7T00:00Z',
    '2026-031T12:00Z',
    '2024366T12Z',
    '2024-02-29T00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T24:00:00.000Z',
    '2016-12-31T23:59:60Z',
    '2016-12-31T23:59:60.5Z',
    '2017-01-01T00:59:60+01:00',
    '2016-12-31T18:29:60-05:30',
    '0000-01-01T00:00Z',
  ])('takes %s', (text) => {
    expect(isIsoTime(text)).toBe(true);
  });

  it.each([
    '2026-01-31T12:00:00',
    '2026-01-31',
    '2026-01-31 12:00:00Z',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00Z',
    '2026-13-01T00:00Z',
    '2026-00-10T00:00Z',
    '2026-01-00T00:00Z',
    '2026-W54-1T00:00Z',
    '2026-W00-1T00:00Z',
    '2026-W05-8T00:00Z',
    '2026-000T00:00Z',
    '2025-366T00:00Z',
    '2026-01-31T24:00:01Z',
    '2026-01-31T24:00:00.001Z',
    '2026-01-31T25:00Z',
    '2026-01-31T12:60Z',
    '2026-01-31T12:00:60Z',
    '2016-12-31T23:59:60+01:00',
    '2026-01-31T23:59:61Z',
    '2026-01-31T12:00:00+24',
    '2026-01-31T12:00:00+00:60',
    '2026-01-31T12:00:00+1',
    '2026-01-31T120000Z',
    '20260131T12:00Z',
    '2026-01T12:00Z',
    '2026-01-31T12:00:00ZZ',
    '2026-01-31T12:00:00Z\n',
    '12026-01-31T12:00Z',
    '',
  ])('refuses %s', (text) => {
    expect(isIsoTime(text)).toBe(false);
  });

  it('takes whatever a JavaScript date writes', () => {
    const date = fc.date({
      min: new Date('0000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (time) => {
        expect(parseIsoTime(time.toISOString())).toBe(time.getTime());
      }),
    );
  });

  it.each([
    ['20260131T120000Z', '2026-01-31T12:00:00.000Z'],
    ['2026-W05-6T12:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-031T14+02', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00,5Z', '2026-01-31T12:00:30.000Z'],
    ['2026-01-31T12.5Z', '2026-01-31T12:30:00.000Z'],
    ['2026-01-31T12:00:00.123999999-01:30', '2026-01-31T13:30:00.123Z'],
    ['2026-01-31T24:00Z', '2026-02-01T00:00:00.000Z'],
    ['2016-12-31T23:59:60.5Z', '2017-01-01T00:00:00.000Z'],
  ])('reads %s as %s', (text, utc) => {
    expect(new Date(parseIsoTime(text) ?? 0).toISOString()).toBe(utc);
  });
});

describe('parseJson', () => {
  it('takes one byte order mark, keeps the last of two keys, and is not felled by depth', () => {
    expect(parseJson('\ufeff{"a":1}')).toEqual({ a: 1 });
    expect(() => parseJson('\ufeff\ufeff{}')).toThrow('not valid JSON');
    expect(parseJson('{"a":1,"a":2}')).toEqual({ a: 2 });
    expect(() => parseJson('['.repeat(102_400))).toThrow('not valid JSON');
    const deep = `${'['.repeat(51_200)}${']'.repeat(51_200)}`;
    expect(() => parseJson(deep)).toThrow('nested deeper than 32');
  });
});
