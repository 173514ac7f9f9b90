import type { TextBuffer } from '../text-buffer.ts';
import { characterClass, classOf } from '../unicode/character-class.ts';

/**
 * Puts combining characters that accent stripping keeps into canonical order, which a whole text's decomposition would
 * have done; needed only where two of them stand together, so a plain exchange of neighbours is enough.
 */
export function sortMarks(text: string, buffer: TextBuffer, first: number): void {
  let i = first;
  while (i < buffer.length) {
    const width = markWidth(buffer, i);
    const next = i + width;
    const nextWidth = width > 0 && next < buffer.length ? markWidth(buffer, next) : 0;
    if (nextWidth > 0 && outOfOrder(text, buffer, i, next, nextWidth)) {
      exchange(buffer, i, width, nextWidth);
      i = Math.max(first, i - 2);
    } else {
      i += Math.max(1, width);
    }
  }
}

/** Units of the ordered mark at `at`; 0 where there is none. */
function markWidth(buffer: TextBuffer, at: number): number {
  const codePoint = buffer.slice(at, at + 2).codePointAt(0) ?? 0;
  if ((classOf(codePoint) & characterClass.ordered) === 0) return 0;
  return codePoint > 0xffff ? 2 : 1;
}

/** Whether decomposition of the original text between two marks brings the second before the first. */
function outOfOrder(
  text: string,
  buffer: TextBuffer,
  left: number,
  right: number,
  rightWidth: number,
): boolean {
  const from = buffer.starts[left] ?? 0;
  const to = buffer.ends[right] ?? 0;
  if (from >= to) return false;
  const leftMark = buffer.slice(left, right);
  const rightMark = buffer.slice(right, right + rightWidth);
  if (leftMark === rightMark) return false;
  let kept = '';
  for (const character of text.slice(from, to)) {
    const kind = classOf(character.codePointAt(0) ?? 0);
    if ((kind & characterClass.removed) === 0) kept += character;
  }
  const sorted = kept.normalize('NFD');
  return sorted.indexOf(rightMark) < sorted.indexOf(leftMark);
}

function exchange(buffer: TextBuffer, at: number, width: number, nextWidth: number): void {
  for (const values of [buffer.units, buffer.starts, buffer.ends]) {
    const left = values.slice(at, at + width);
    values.copyWithin(at, at + width, at + width + nextWidth);
    values.set(left, at + nextWidth);
  }
}
