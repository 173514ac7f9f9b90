import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { eld } from 'eld/extrasmall';
import { describe, expect, test } from 'vitest';
import { createScorer, type Score } from '#shared/nlp/language/byte-sequences.ts';

const score = createScorer();

/** What the package says, whose scores these are. */
function expected(text: string): Score {
  const { language, getScores } = eld.detect(text);
  const scores = getScores();
  const [first = 0, second = 0] = Object.values(scores).sort((a, b) => b - a);
  return { language, first, second, english: scores.en ?? 0 };
}

function differences(texts: readonly string[]): string[] {
  return texts.filter((text) => JSON.stringify(score(text)) !== JSON.stringify(expected(text)));
}

const read = (path: string): Buffer =>
  readFileSync(new URL(`../../../../fixtures/${path}`, import.meta.url));

describe('scores are those of eld, to the last bit', () => {
  test("of the project's texts", () => {
    const lines = read('texts/records.jsonl').toString('utf8').trim().split('\n');
    expect(differences(lines.map((line) => (JSON.parse(line) as { text: string }).text))).toEqual(
      [],
    );
  });

  test('of texts in thirty scripts', () => {
    const texts = JSON.parse(gunzipSync(read('tokenizers/texts.json.gz')).toString('utf8'));
    const strings: string[] = Object.values(texts).flat(2).filter(isString);
    expect(strings.length).toBeGreaterThan(3_000);
    expect(differences(strings)).toEqual([]);
  });

  test.each([
    '',
    ' ',
    "'",
    "don't, ''tis` the dogs’ ’’ o'clock",
    "-''a",
    'I',
    'ab abc abcd abcde',
    'İstanbul ΑΣ.Α ΟΔΟΣ ǅ ﬁ ß',
    'tʊnɛ tɩkɛ ʊabc abcʊ ʊ ʊʊ',
    'a\ud800b 😀c𝒳d',
    `${'я'.repeat(36)} ${'ж'.repeat(36)} ${'я'.repeat(36)}`,
    `${'ab'.repeat(200)} cd`,
    `${'word '.repeat(71)}last words`,
    `${' .'.repeat(499)}only the first thousand units`,
  ])('of %j', (text) => {
    expect(score(text)).toEqual(expected(text));
  });
});

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
