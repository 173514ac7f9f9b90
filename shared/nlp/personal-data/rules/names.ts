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

/** What a model found. */
export function* fromEntities({ text, entities }: Scan): Generator<Finding> {
  for (const { type, start, end, score } of entities) {
    const kind = kinds[type];
    if (kind === undefined || end <= start || end > text.length) continue;
    yield { kind, rule: 'entities', start, end, score };
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
