import { describe, expect, test } from 'vitest';
import { findPersonalData, redactAnalysis } from '#shared/nlp/personal-data/index.ts';
import { growthOf, LINEAR } from '#test/fuzz/growth.ts';
import { shapes } from '#test/fuzz/shapes.ts';

/** Units that the rules begin at, one after the other for ever. */
const units = {
  cards: '4111 1111 1111 1111 ',
  'digits in fours': '1234 ',
  phones: '415-555-2671 ',
  at: 'a@',
  'almost an address': 'a@b.',
  scheme: 'http://',
  'scheme and user': 'http://a:b@c/',
  ibans: 'GB82 WEST 1234 5698 7654 32 ',
  hexadecimal: 'ab:cd:',
  octets: '1.2.3.',
  'private keys': '-----BEGIN PRIVATE KEY-----',
  passwords: 'password: ',
  secrets: 'secret key = ',
  'cue for an address': 'address 12 ',
  'street without its type': '12 Main ',
  'street type': 'rue de la ',
  capitals: '1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  corners: 'corner of A ',
  domains: 'a.b.c.',
  dates: '12/12/',
  'base 58': '13',
} as const;

const texts: Record<string, (size: number) => string> = {
  ...shapes,
  ...Object.fromEntries(
    Object.entries(units).map(([name, unit]): [string, (size: number) => string] => [
      name,
      (size) => unit.repeat(Math.max(1, Math.round(size / unit.length))),
    ]),
  ),
  'one word of capitals': (size) => `1 ${'A'.repeat(size)}`,
};

describe('time in proportion to the text', () => {
  test.each(Object.entries(texts))('%s', async (_, make) => {
    const work = (text: string) => {
      const pii = findPersonalData(text, { language: 'en' });
      return redactAnalysis({ text, pii }, { mode: 'type', language: 'en' });
    };
    expect(await growthOf(work, make)).toBeLessThan(LINEAR);
  });
});
