import { isCased, namedSet, propertySet } from './character-sets.ts';
import type { PatternSource } from './source.ts';

/** What stands behind a backslash: one character, or a set of them as a class writes it. */
export type Escaped = { readonly codePoint: number } | { readonly set: string };

const controls: Readonly<Record<string, number>> = {
  a: 7,
  e: 27,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

/**
 * Reads an escape that means the same inside a class and outside; the backslash is taken already.
 *
 * @throws {ModelError} where it stands for something else.
 */
export function readEscape(source: PatternSource, ignoreCase: boolean): Escaped {
  const hex = source.match(/x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})/y);
  if (hex) return { codePoint: Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '', 16) };
  const octal = source.match(/0[0-7]{0,2}/y);
  if (octal) return { codePoint: Number.parseInt(octal[0], 8) };
  const property = source.match(/([pP])\{(\^?)([\w -]+)\}/y);
  if (property) {
    const [, letter, caret, name = ''] = property;
    if (ignoreCase && isCased(name)) source.refuse(`ignores the case of \\p{${name}}`);
    const set = propertySet(name) ?? source.refuse(`names a property, ${name}, that is not known`);
    return { set: (letter === 'P') !== (caret === '^') ? `[^${set}]` : set };
  }
  const character = source.next();
  if (/[sdwh]/.test(character)) return { set: namedSet(character) ?? '' };
  if (/[SDWH]/.test(character)) return { set: `[^${namedSet(character.toLowerCase())}]` };
  const control = controls[character];
  if (control !== undefined) return { codePoint: control };
  if (/[0-9A-Za-z]/.test(character)) source.refuse(`uses \\${character}, which is not supported`);
  return { codePoint: character.codePointAt(0) ?? 0 };
}

/** A character as JavaScript writes it anywhere in an expression. */
export function literal(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  return /[0-9A-Za-z]/.test(character) ? character : `\\u{${codePoint.toString(16)}}`;
}
