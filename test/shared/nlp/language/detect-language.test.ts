import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DetectLanguage, loadLanguageDetector } from '#shared/nlp/language/index.ts';
import { growthOf, LINEAR } from '#test/fuzz/growth.ts';
import { shapes } from '#test/fuzz/shapes.ts';

let detect: DetectLanguage;
beforeAll(async () => {
  detect = await loadLanguageDetector();
});

test.each([
  ['en', 'The ministers met on Tuesday to talk about the price of bread.'],
  ['de', 'Wir fahren morgen früh mit dem Zug nach Hause und nehmen die Kinder mit.'],
  ['fr', 'Nous avons mangé au restaurant près de la gare, puis nous sommes rentrés.'],
  ['es', 'Los niños jugaban en la calle mientras sus padres hablaban de política.'],
  ['pt', 'Não sei se vamos conseguir chegar a tempo para o jantar de amanhã.'],
  ['sv', 'Det var en gång en liten flicka som bodde i ett hus vid skogen.'],
  ['da', 'Jeg ved ikke, hvad jeg skal gøre, når han kommer hjem i aften.'],
  ['hr', 'Nije znao što bi rekao kad su ga upitali gdje je proveo noć.'],
  ['ru', 'Мы ещё не знаем, когда начнётся заседание городского совета.'],
  ['el', 'Δεν ξέρω πότε θα γυρίσει.'],
  ['ja', '昨日の午後、駅前で友だちに会った。'],
  ['ja', 'トヨタ自動車は2024年に新型車を発表した。'],
  ['zh', '昨天下午我在车站前面遇见了一位老朋友。'],
  ['zh', '2024年公司在北京发布了新产品。'],
  ['ko', '어제 역 앞에서 친구를 만났다.'],
  ['th', 'เมื่อวานฉันเจอเพื่อน'],
  ['he', 'אתמול פגשתי חבר ליד התחנה'],
])('%s, for certain: %s', (language, text) => {
  expect(detect(text)).toEqual({ language, reliable: true });
});

describe('what is not certain', () => {
  test.each([
    '',
    ' \n\t',
    '12 345 — ???',
    '😀😀👍',
    'https://example.com/einfach/nur/ein/link',
    '@anna_müller #wahlen2024',
    'OK',
    'Angela Merkel, Emmanuel Macron, Giorgia Meloni',
    'Real Madrid - Bayern München 2:1',
    'SOCCER - JAPAN GET LUCKY WIN',
    '東京大学',
    'lol',
  ])('%j', (text) => {
    expect(detect(text).reliable).toBe(false);
  });
  test('nothing to tell it by is und', () => {
    expect(detect('😀 123').language).toBe('und');
    expect(detect('').language).toBe('und');
  });
});

test('addresses and names of users do not count', () => {
  const text =
    'RT @frau_schmidt: https://example.de/wir-fahren-nach-hause this is what we all said';
  expect(detect(text)).toEqual({ language: 'en', reliable: true });
});

test('only the first 4,096 units of a text count', () => {
  const german = 'Wir fahren morgen mit dem Zug nach Hause. '.repeat(100);
  expect(detect(german + 'We went home by train. '.repeat(10_000)).language).toBe('de');
});

test('the texts that come with the project are never taken for another language, but for those that are in one', () => {
  const lines = readFileSync(
    new URL('../../../../fixtures/texts/records.jsonl', import.meta.url),
    'utf8',
  )
    .trim()
    .split('\n');
  const others = lines.filter((line) => {
    const { language, reliable } = detect((JSON.parse(line) as { text: string }).text);
    return reliable && language !== 'en';
  });
  // Tweets in Dutch, Tagalog, Spanish, Portuguese and others: 22 of 2,223.
  expect(others.length).toBeLessThan(30);
  const sources = new Set(others.map((line) => (JSON.parse(line) as { source: string }).source));
  expect([...sources].sort()).toEqual(['comments', 'tweets']);
});

test.each(Object.entries(shapes))('time in proportion to the text: %s', async (_, make) => {
  expect(await growthOf((text: string) => detect(text), make)).toBeLessThan(LINEAR);
});
