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
  const variants = [character, lower, character.toUpperCase(), lower.toUpperCase()];
  variants.push(...(folded[lower] ?? []));
  const single = variants.filter((variant) => [...variant].length === 1);
  return [...new Set(single.map((variant) => variant.codePointAt(0) ?? 0))];
}

/** Characters beyond ASCII that fold to a letter without being its upper case. */
const folded: Readonly<Record<string, readonly string[]>> = {
  s: ['\u017f'],
  '\u017f': ['s', 'S'],
  k: ['\u212a'],
  '\u00e5': ['\u212b'],
};

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
