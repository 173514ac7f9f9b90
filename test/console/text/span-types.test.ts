import { describe, expect, it } from 'vitest';
import { hueOf, lettersOf } from '../../../console/text/span-types.ts';

describe('letters of a type', () => {
  it.each([
    ['PER', 'PER'],
    ['MISC', 'MISC'],
    ['PERSON', 'PER'],
    ['CREDIT_CARD', 'CC'],
    ['US_SOCIAL_SECURITY_NUMBER', 'USSN'],
    ['人物', '人物'],
    ['', ''],
  ])('%s: %s', (type, letters) => {
    expect(lettersOf(type)).toBe(letters);
  });
});

describe('hue of a type', () => {
  it('is one of eight, and the same for the same type', () => {
    for (const type of ['PER', 'DATE', 'EMAIL', 'x'.repeat(10_000), '人物', '']) {
      expect([0, 1, 2, 3, 4, 5, 6, 7]).toContain(hueOf(type));
      expect(hueOf(type)).toBe(hueOf(type));
    }
  });

  it('tells the four types of the bundled model apart', () => {
    expect(new Set(['PER', 'ORG', 'LOC', 'MISC'].map(hueOf)).size).toBe(4);
  });
});
