import { newerClass } from '../unicode/properties.ts';

/** Members of the named sets of Oniguruma, as JavaScript writes them in a class (`v` flag). */
const named: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  d: older('\\p{Nd}'),
  // Its table for words has six characters of Latin-1 that are none by its own definition.
  w: older('[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\xb2\\xb3\\xb9\\xbc\\xbd\\xbe]'),
  h: '[0-9A-Fa-f]',
  alnum: older('[\\p{Alphabetic}\\p{Nd}]'),
  alpha: older('\\p{Alphabetic}'),
  ascii: '[\\0-\\x7f]',
  blank: '[\\p{Zs}\\t]',
  cntrl: '\\p{Cc}',
  digit: older('\\p{Nd}'),
  lower: older('\\p{Lowercase}'),
  punct: older('[\\p{P}\\p{S}]'),
  space: '\\p{White_Space}',
  upper: older('\\p{Uppercase}'),
  xdigit: '[0-9A-Fa-f]',
  word: older('[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]'),
  any: '[^]',
};

/** A category that a character has come into, or left, since the library's edition. */
const moved: Readonly<Record<string, string>> = {
  Ll: older('[\\p{Ll}\\u0295]'),
  Lowercase_Letter: older('[\\p{Ll}\\u0295]'),
  Lo: older('[\\p{Lo}--\\u0295]'),
  Other_Letter: older('[\\p{Lo}--\\u0295]'),
  Cn: `[\\p{Cn}${newerClass}]`,
  Unassigned: `[\\p{Cn}${newerClass}]`,
  C: `[\\p{C}${newerClass}]`,
  Other: `[\\p{C}${newerClass}]`,
};

/** Categories of letters that ignoring case would mix. */
const cased = /^(Lu|Ll|Lt|upper|lower|(Upper|Lower|Title)case(_Letter)?)$/i;

/** A set by its one-letter escape, its name in `[:…:]` or in `\p{…}`; undefined where it is not known. */
export function namedSet(name: string): string | undefined {
  return named[name] ?? named[name.toLowerCase()];
}

/** The set of `\p{name}`; undefined where there is none of that name. */
export function propertySet(name: string): string | undefined {
  if (name in moved) return moved[name];
  for (const set of [`\\p{${name}}`, `\\p{Script=${name}}`]) {
    if (isSet(set)) return older(set);
  }
  return name.length > 1 ? namedSet(name) : undefined;
}

/** Whether a set changes where case is ignored. */
export function isCased(name: string): boolean {
  return cased.test(name);
}

/** The characters that one matches where case is ignored. */
export function caseVariants(codePoint: number): readonly number[] {
  const character = String.fromCodePoint(codePoint);
  const lower = character.toLowerCase();
  const group = folded.find((letters) => letters.includes(character));
  const variants = group ? [...group] : [character, lower, lower.toUpperCase()];
  const single = variants.filter((variant) => [...variant].length === 1);
  return [...new Set(single.map((variant) => variant.codePointAt(0) ?? 0))];
}

/** Letters that case folding takes for one, beyond a lower and an upper case (Unicode's CaseFolding.txt). */
const folded = [
  'sS\u017f',
  'kK\u212a',
  '\u00e5\u00c5\u212b',
  '\u00b5\u03bc\u039c',
  '\u1e61\u1e60\u1e9b',
  '\u00df\u1e9e',
  '\u03c3\u03a3\u03c2',
  '\u03b2\u0392\u03d0',
  '\u03b5\u0395\u03f5',
  '\u03b8\u0398\u03d1\u03f4',
  '\u03b9\u0399\u0345\u1fbe',
  '\u03ba\u039a\u03f0',
  '\u03c0\u03a0\u03d6',
  '\u03c1\u03a1\u03f1',
  '\u03c6\u03a6\u03d5',
  '\u03c9\u03a9\u2126',
];

function older(set: string): string {
  return `[${set}--${newerClass}]`;
}

function isSet(set: string): boolean {
  try {
    return new RegExp(`[${set}]`, 'v') !== undefined;
  } catch {
    return false;
  }
}
