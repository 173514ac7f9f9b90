import { packedEditions } from './editions.ts';
import { contains, unpackRanges } from './packed-ranges.ts';

const none = -1;
/** Code points of one plane and all others. */
const PLANES = 0x110000;

const whole = unpackRanges(packedEditions.whole);
const wholeCompatibility = unpackRanges(packedEditions.wholeCompatibility);
const canonical = new Map<number, Int32Array>();
const compatibility = new Map<number, Int32Array>();
const composites = new Map<number, number>();

/** The code points that a character fully decomposes into, in the library's edition of Unicode; itself where it does not. */
export function decompositionOf(codePoint: number, compatible: boolean): Int32Array {
  const known = compatible ? compatibility : canonical;
  const found = known.get(codePoint);
  if (found) return found;
  const character = String.fromCodePoint(codePoint);
  const left = contains(compatible ? wholeCompatibility : whole, codePoint);
  const form = compatible ? 'NFKD' : 'NFD';
  const parts = left ? character : character.normalize(form);
  const made = Int32Array.from(parts, (part) => part.codePointAt(0) ?? 0);
  known.set(codePoint, made);
  return made;
}

/** The character that a starter and what follows it make together; -1 where they make none. */
export function composed(starter: number, next: number): number {
  // Beyond ASCII begins what composes with anything.
  if (next < 0x80) return none;
  const key = starter * PLANES + next;
  const found = composites.get(key);
  if (found !== undefined) return found;
  const both = String.fromCodePoint(starter, next).normalize('NFC');
  const made = both.codePointAt(0) ?? 0;
  const single = both.length === (made > 0xffff ? 2 : 1) && !contains(whole, made);
  const composite = single ? made : none;
  if (composites.size < 1 << 16) composites.set(key, composite);
  return composite;
}
