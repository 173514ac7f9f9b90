import { afterCueRule, type Rule, type Scan } from '../scan.ts';
import type { Finding, PersonalDataKind } from '../types.ts';

/** What models' types mean here; what is not named is not personal. */
const kinds: Readonly<Record<string, PersonalDataKind>> = {
  PER: 'PERSON',
  PERSON: 'PERSON',
  LOC: 'LOCATION',
  LOCATION: 'LOCATION',
  GPE: 'LOCATION',
  FAC: 'LOCATION',
  ORG: 'ORGANIZATION',
  ORGANIZATION: 'ORGANIZATION',
  NORP: 'NATIONALITY',
};

/** Models differ in whether a title is part of a name; here it is a span of its own. */
const honorific = /^(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Mme|Sr|Sra)\.? (?=\S)/iu;

/** What a model found. */
export function* fromEntities({ text, entities }: Scan): Generator<Finding> {
  for (const { type, start, end, score } of entities) {
    const kind = kinds[type];
    if (kind === undefined || end <= start || end > text.length) continue;
    const title =
      kind === 'PERSON' ? honorific.exec(text.slice(start, Math.min(end, start + 16))) : null;
    yield { kind, rule: 'entities', start: start + (title?.[0].length ?? 0), end, score };
  }
}

const name = "[\\p{Lu}][\\p{L}\\p{M}'’-]{1,30}";

/** Names after the words that lead to them. */
export const names: readonly Rule[] = [
  fromEntities,
  afterCueRule('name', {
    kind: 'PERSON',
    rule: 'near-words',
    pattern: new RegExp(
      `([ \\t]*(?:is|:|=|:\\s{0,8}|ist|est|es|è|é|är|er)[ \\t]+)(${name}(?: (?:[\\p{Lu}]\\.|${name}|de|da|van|von|der|den|bin|al)){0,4})(?![\\p{L}\\p{M}])`,
      'uy',
    ),
    score: 0.7,
  }),
];
