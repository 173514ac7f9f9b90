const HUES = 8;

/** Types that many models have keep their colour; the others share the rest. */
const known: Readonly<Record<string, number>> = {
  PER: 0,
  PERSON: 0,
  ORG: 1,
  ORGANIZATION: 1,
  LOC: 2,
  LOCATION: 2,
  GPE: 2,
  MISC: 3,
};

/** Number of a type's colour: the same wherever the type is drawn. */
export function hueOf(type: string): number {
  const own = known[type.toUpperCase()];
  if (own !== undefined) return own;
  let hash = 7;
  for (const character of type) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 9_973;
  return 4 + (hash % (HUES - 4));
}

const MOST_LETTERS = 4;

/** The letters that stand for a type beside its colour: the type itself where it is short, else its beginning or its initials. */
export function lettersOf(type: string): string {
  const whole = [...type];
  if (whole.length <= MOST_LETTERS) return type;
  const words = type.split(/[\s_.-]+/).filter((word) => word !== '');
  if (words.length > 1) {
    return words
      .map((word) => [...word][0] ?? '')
      .slice(0, MOST_LETTERS)
      .join('')
      .toUpperCase();
  }
  return whole.slice(0, 3).join('');
}
