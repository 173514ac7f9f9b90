import type { Entity } from '../types.ts';
import { type CueName, type Cues, findCues } from './cues.ts';
import type { Finding, PersonalDataKind, PersonalDataOptions } from './types.ts';

/** A text as the rules read it. */
export interface Scan {
  readonly text: string;
  /** The text in lower case, of the same length. */
  readonly lowered: string;
  readonly cues: Cues;
  /** How many digits the text has. */
  readonly digits: number;
  readonly language: string;
  readonly entities: readonly Entity[];
  /** Whether rules of a country apply. */
  serves(country: string): boolean;
  readonly countries: readonly string[] | undefined;
}

/** Looks for personal data of some kinds; its time is in proportion to the text. */
export type Rule = (scan: Scan) => Iterable<Finding>;

/** Prepares a text for the rules. */
export function createScan(text: string, options: PersonalDataOptions): Scan {
  // The one letter whose lower case is longer.
  const lowered = text.replaceAll('\u0130', 'i').toLowerCase();
  const { language, countries, entities = [] } = options;
  const served = countries && new Set(countries.map((country) => country.toUpperCase()));
  return {
    text,
    lowered,
    cues: findCues(lowered),
    digits: countDigits(text),
    language: language.toLowerCase().split(/[-_]/)[0] ?? 'und',
    entities,
    serves: (country) => served === undefined || served.has(country),
    countries: served && [...served],
  };
}

function countDigits(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 48 && unit <= 57) count++;
  }
  return count;
}

/** Rules that need so many digits at least, so that most texts are spared them. */
export function withDigits(least: number, rules: readonly Rule[]): Rule {
  return function* findWithDigits(scan) {
    if (scan.digits < least) return;
    for (const rule of rules) yield* rule(scan);
  };
}

/** Letters of scripts that part words by spaces. A number in Japanese or Chinese has letters of its sentence on both sides. */
const spacedLetters = ['Latin', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Devanagari']
  .map((script) => `\\p{Script=${script}}`)
  .join('');

/**
 * A pattern whose `\p{L}\p{N}`, by which it says what may not stand beside it, leaves out letters of scripts without spaces
 * between words.
 */
export function betweenWords({ source, flags }: RegExp): RegExp {
  return new RegExp(source.replace(/\\p\{L\}(?=(?:\\p\{M\})?\\p\{N\})/g, spacedLetters), flags);
}

/** A form that a regular expression tells, and what else must hold. */
export interface Form {
  readonly kind: PersonalDataKind;
  readonly rule: string;
  readonly country?: string;
  /** With the flags `g` and `u` or `v`; each repetition bounded, and no match begins inside a run that another could begin before. */
  readonly pattern: RegExp;
  readonly score: number;
  /** Whether the value is what it looks like. */
  readonly check?: (value: string, scan: Scan, start: number) => boolean;
  /** Words that must be near: how many units before the value, and after it. */
  readonly cue?: Nearness;
  /** Words that must not be near. */
  readonly unless?: Nearness;
}

/** A cue and how far it may be: units before a value, and after it. */
export type Nearness = readonly [name: CueName, before: number, after?: number];

/** A rule of forms, each looked for by itself. */
export function formRule(forms: readonly Form[]): Rule {
  const compiled = forms.map((form) => ({ ...form, pattern: betweenWords(form.pattern) }));
  return function* findForms(scan) {
    for (const { kind, rule, country, pattern, score, check, cue, unless } of compiled) {
      if (country !== undefined && !scan.serves(country)) continue;
      for (const { 0: value, index: start } of scan.text.matchAll(pattern)) {
        const end = start + value.length;
        if (cue && !scan.cues.near(cue[0], start, end, cue[1], cue[2])) continue;
        if (unless && scan.cues.near(unless[0], start, end, unless[1], unless[2])) continue;
        if (check && !check(value, scan, start)) continue;
        yield { kind, rule, start, end, score };
      }
    }
  };
}

/**
 * A rule for what follows a cue, such as a password after `password:`.
 *
 * @param pattern sticky; its first group leads to the value, its second is the value
 */
export function afterCueRule(
  cue: CueName,
  { kind, rule, pattern: form, score, check }: Omit<Form, 'cue' | 'unless' | 'country'>,
): Rule {
  const pattern = betweenWords(form);
  return function* findAfterCue({ text, cues, ...scan }) {
    for (const from of cues.endsOf(cue)) {
      pattern.lastIndex = from;
      const [, lead = '', value] = pattern.exec(text) ?? [];
      if (value === undefined) continue;
      const start = from + lead.length;
      if (check && !check(value, { text, cues, ...scan }, start)) continue;
      yield { kind, rule, start, end: start + value.length, score };
    }
  };
}
