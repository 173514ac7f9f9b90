/**
 * A span without the white space at its ends: tokens of some vocabularies (`▁Rome`) take along the space before them.
 * A span of nothing else becomes empty.
 */
export function trimSpan(text: string, start: number, end: number): { start: number; end: number } {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from += 1;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to -= 1;
  return { start: from, end: to };
}

const isSpace = (unit: number): boolean =>
  unit === 0x20 ||
  (unit >= 0x09 && unit <= 0x0d) ||
  (unit > 0x7f && /\s/.test(String.fromCharCode(unit)));
