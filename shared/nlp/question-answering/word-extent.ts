import type { Encoding } from '../types.ts';
import type { QuestionWindow } from './windows.ts';

/** Widens a span of tokens to whole words, as far as the window holds them; gives offsets in the text. */
export function wordExtent(
  { wordIds, starts, ends }: Encoding,
  window: Pick<QuestionWindow, 'from' | 'to'>,
  first: number,
  last: number,
): { start: number; end: number } {
  let left = first;
  while (left > window.from && wordIds[left - 1] === wordIds[first]) left--;
  let right = last;
  while (right + 1 < window.to && wordIds[right + 1] === wordIds[last]) right++;
  return { start: starts[left] ?? 0, end: ends[right] ?? 0 };
}
