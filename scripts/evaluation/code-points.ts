/**
 * Offsets in code points, as Python counts them, turned into UTF-16 units.
 *
 * @returns the offset in units of each code point of the text, and of its end
 */
export function unitsOfCodePoints(text: string): (offset: number) => number {
  // A unit of its own for each code point: nothing to turn.
  if (!/[\ud800-\udfff]/.test(text)) return (offset) => offset;
  const units: number[] = [0];
  for (const point of text) units.push((units.at(-1) ?? 0) + point.length);
  return (offset) => units[Math.min(offset, units.length - 1)] ?? text.length;
}
