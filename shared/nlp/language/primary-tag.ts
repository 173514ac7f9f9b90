/** Tags of one language's written forms, as models and authors use either. */
const broader = new Map([
  ['nb', 'no'],
  ['nn', 'no'],
]);

/**
 * The primary tag of a language in its canonical form: `pt` of `pt-BR`, `zh` of `cmn-Hant`, `he` of `iw`, `ja` of `jpn`.
 *
 * @returns undefined for what is no tag of BCP 47
 */
export function primaryTagOf(tag: string): string | undefined {
  try {
    // Some versions of Node give nothing for `und`.
    return new Intl.Locale(tag).language ?? 'und';
  } catch {
    return undefined;
  }
}

/** Whether what is for one language is for another: both given by their primary tags. */
export const isSameLanguage = (one: string, other: string): boolean =>
  one === other || (broader.get(one) ?? one) === (broader.get(other) ?? other);
