import { describe, expect, test } from 'vitest';
import { findPersonalData, personalDataKinds } from '#shared/nlp/personal-data/index.ts';
import { found, notFound } from './examples.ts';

const shown = (text: string, language: string) =>
  findPersonalData(text, { language }).map((span) => `${span.kind} ${span.text}`);

describe('what is found', () => {
  test.each(found.map(([kind, marked, language = 'en']) => ({ kind, marked, language })))(
    '$kind: $marked',
    ({ kind, marked, language }) => {
      const value = /«(.+)»/su.exec(marked)?.[1] ?? '';
      const text = marked.replace(/[«»]/gu, '');
      const spans = findPersonalData(text, { language });
      expect(shown(text, language)).toContain(`${kind} ${value}`);
      for (const span of spans) expect(text.slice(span.start, span.end)).toBe(span.text);
    },
  );

  test('every kind has an example, but for those that models find', () => {
    const kinds = new Set(found.map(([kind]) => kind));
    const fromModels = ['LOCATION', 'ORGANIZATION', 'PERSON'];
    expect(personalDataKinds.filter((kind) => !kinds.has(kind))).toEqual(fromModels);
  });
});

describe('what is not found', () => {
  test.each(notFound)('no %s: %s', (kind, text) => {
    const spans = findPersonalData(text, { language: 'en' });
    expect(spans.filter((span) => span.kind === kind)).toEqual([]);
  });
});

describe('entities', () => {
  const text = 'Ann Lee of Acme met Dr. Bo in Oslo 0150 on Main Street.';
  const entity = (type: string, value: string) => {
    const start = text.indexOf(value);
    return { type, text: value, start, end: start + value.length, score: 0.8 };
  };
  const entities = [
    entity('PER', 'Ann Lee'),
    entity('ORG', 'Acme'),
    entity('PER', 'Dr. Bo'),
    entity('LOC', 'Oslo'),
    entity('MISC', 'Main Street'),
  ];

  test('names and places become personal data, a title a span of its own, organizations only where asked for', () => {
    const spans = findPersonalData(text, { language: 'en', entities });
    expect(spans.map((span) => `${span.kind} ${span.text}`)).toEqual([
      'PERSON Ann Lee',
      'TITLE Dr.',
      'PERSON Bo',
      'LOCATION Oslo',
      'POSTAL_CODE 0150',
    ]);
    const organizations = findPersonalData(text, {
      language: 'en',
      entities,
      kinds: ['ORGANIZATION'],
    });
    expect(organizations.map((span) => span.text)).toEqual(['Acme']);
  });

  test('what a rule is certain of comes before what a model says', () => {
    const mail = 'ann@example.com';
    const spans = findPersonalData(mail, {
      language: 'en',
      entities: [{ type: 'PER', text: mail, start: 0, end: mail.length, score: 0.99 }],
    });
    expect(spans).toMatchObject([{ kind: 'EMAIL', rule: 'email' }]);
  });
});

test('only the rules of the named countries run', () => {
  const text = 'DNI 12345678Z and SSN 536-22-1234';
  const kindsOf = (countries: string[]) =>
    findPersonalData(text, { language: 'en', countries }).map(({ rule }) => rule);
  expect(kindsOf(['ES'])).toEqual(['es-dni']);
  expect(kindsOf(['us'])).toEqual(['us-ssn']);
});

test('a text gives the same spans every time', () => {
  const text = found.map(([, marked]) => marked.replace(/[«»]/gu, '')).join('\n');
  const once = findPersonalData(text, { language: 'en' });
  expect(findPersonalData(text, { language: 'en' })).toEqual(once);
  expect(once.length).toBeGreaterThan(80);
});
