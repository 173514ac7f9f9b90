/** What stands in a text for half of a surrogate pair. */
const MALFORMED = 0xfffd;

/** The character at a place of a text; half of a pair alone is U+FFFD. */
export function codePointAt(text: string, at: number): number {
  const codePoint = text.codePointAt(at) ?? MALFORMED;
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? MALFORMED : codePoint;
}
