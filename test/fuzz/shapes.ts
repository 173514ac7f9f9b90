/**
 * Units that texts are made of which are hard on a parser when there is nothing else for 100 KB: one shape each. A parser
 * whose work is not in proportion to its input shows it on one of them.
 */
const repeated = {
  letter: 'a',
  letters: 'ab',
  word: 'word ',
  'unknown word': 'qzxj',
  space: ' ',
  'white space': '\t \u00a0\u3000',
  line: 'a\n',
  'empty line': '\r\n',
  quote: '"',
  apostrophe: "'",
  backslash: '\\',
  bracket: '[',
  'open and closed': '(a)[b]{c}',
  markup: '<a>',
  entity: '&amp;',
  json: '{"a":',
  pair: 'a=b&',
  percent: '%C3',
  comma: ',',
  colon: ':',
  slash: '/',
  dot: '.',
  hyphen: 'a-',
  punctuation: '!?',
  digit: '7',
  number: '1,000.',
  comparison: 'm1+(',
  header: 'a: b\r\n',
  nul: '\u0000',
  'control character': '\u0001\u007f',
  'zero width': '\u200b\ufeff',
  ideograph: '\u4e2d',
  hangul: '\u1112\u1161\u11ab\ud55c',
  kana: '\u30ab\u3099',
  arabic: '\u0628\u064e\u0651',
  devanagari: '\u0915\u094d\u0937\u093f',
  thai: '\u0e01\u0e34\u0e48',
  tibetan: '\u0f40\u0f71\u0f74\u0f35',
  'dotted capital': '\u0130',
  ligature: '\ufb03\ufdfa',
  'composed letter': '\u1f82\u01d5',
  mark: '\u0301',
  'mark that stays': '\u0898',
  'marks in order': '\u0316\u0301\u0345',
  'marks out of order': '\u0345\u0301\u0316',
  'marks that stay, out of order': '\u0301\u0899\u0898\u0316',
  'marks of two classes that stay': '\u08d4\u1dfb',
  'letter and marks': 'e\u0323\u0301 \u00e9\u0323',
  'musical symbol': '\u{1d15e}',
  'musical marks': '\u{1d165}\u{1d16e}\u{1d17b}',
  'mark beyond the basic plane': '\u{1e8d0}\u{1e944}',
  emoji: '\u{1f600}',
  'emoji with joiners': '\u{1f469}\u200d\u{1f467}\ufe0f',
  'emoji with a skin': '\u{1f44b}\u{1f3fd}',
  flag: '\u{1f1ef}\u{1f1f5}',
  'lone high surrogate': '\ud800',
  'lone low surrogate': '\udc00',
  'variation selector': '\u{e0100}',
  'special token': '[SEP]',
  'almost a special token': '[SEP',
  'special tokens and space': '[MASK]  ',
  'space and another special token': '  <mask>',
  'almost another special token': '<mask',
  capital: 'A',
  'capital and small letter': 'aB',
  'English endings': "I'll we've ",
  'space and line': '   \n',
  'visible space': '\u2581',
  'letter that stands for a space': '\u0120',
  'byte that is written out': '<0x41>',
} as const;

type Shape = (size: number) => string;

/**
 * Texts by name: each function gives one of about `size` UTF-16 units, the same every time.
 *
 * @example
 * for (const [name, make] of Object.entries(shapes)) measure(name, make(50_000), make(100_000));
 */
export const shapes: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(
    Object.entries(repeated).map(([name, unit]): [string, Shape] => [
      name,
      (size) => repeat(unit, size),
    ]),
  ),
  'one letter, then marks of falling class': (size) =>
    `a${repeat('\u0898', size / 2)}${repeat('\u0899', size / 2)}`,
  'one letter, then marks that stay, of falling class': (size) =>
    `a${repeat('\u08d4', size / 2)}${repeat('\u1dfb', size / 2)}`,
  'marks of rising class, one lot of each': (size) =>
    `a${repeat('\u0316', size / 4)}${repeat('\u1dfb', size / 4)}${repeat('\u08d4', size / 4)}${repeat('\u0345', size / 4)}`,
  'brackets that close': (size) => `${repeat('(', size / 2)}${repeat(')', size / 2)}`,
  'nested arrays': (size) => `${repeat('[', size / 2)}${repeat(']', size / 2)}`,
  'nested markup': (size) => `${repeat('<a>', size / 2)}${repeat('</a>', size / 2)}`,
  'a quote that never closes': (size) => `"${repeat('a', size)}`,
  'one word after much space': (size) => `${repeat(' ', size)}a`,
  'one word before much space': (size) => `a${repeat(' ', size)}`,
  'a special token after much space': (size) => `${repeat(' ', size)}[SEP]`,
  'a mark after a long word': (size) => `${repeat('a', size)}\u0301`,
  'every word another': (size) => {
    const words: string[] = [];
    for (let length = 0; length < size; length += (words.at(-1)?.length ?? 0) + 1) {
      words.push((words.length * 7919).toString(36));
    }
    return words.join(' ');
  },
  'all of them in turn': (size) => repeat(Object.values(repeated).join(''), size),
  'runs of all of them': (size) => {
    const units = Object.values(repeated);
    return units.map((unit) => repeat(unit, size / units.length)).join('');
  },
};

function repeat(unit: string, size: number): string {
  return unit.repeat(Math.max(1, Math.round(size / unit.length)));
}
