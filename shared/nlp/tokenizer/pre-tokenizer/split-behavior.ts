import type { IntegerList } from '../text-buffer.ts';
import type { SplitBehavior } from './file.ts';

/**
 * Cuts a piece at its delimiters.
 *
 * @param matches start and end of each delimiter, from left to right, none overlapping
 * @param invert takes what is between the delimiters for them, and them for what is between
 * @param parts takes start and end of each part that is left
 */
export function splitAt(
  matches: IntegerList,
  from: number,
  to: number,
  behavior: SplitBehavior,
  invert: boolean,
  parts: IntegerList,
): void {
  let position = from;
  /** Start of the part that is being made; -1 where none is. */
  let open = -1;
  let wasDelimiter = false;

  const close = (end: number) => {
    if (open !== -1 && end > open) {
      parts.push(open);
      parts.push(end);
    }
    open = -1;
  };
  const stretch = (start: number, end: number, delimiter: boolean) => {
    switch (behavior) {
      case 'Removed':
        close(start);
        if (!delimiter) open = start;
        break;
      case 'Isolated':
        close(start);
        open = start;
        break;
      case 'Contiguous':
        if (open === -1 || delimiter !== wasDelimiter) close(start);
        if (open === -1) open = start;
        break;
      case 'MergedWithPrevious':
        if (!delimiter || wasDelimiter || open === -1) close(start);
        if (open === -1) open = start;
        break;
      case 'MergedWithNext':
        if (delimiter || !wasDelimiter) close(start);
        if (open === -1) open = start;
        break;
    }
    wasDelimiter = delimiter;
    position = end;
  };

  for (let i = 0; i < matches.length; i += 2) {
    const [start = 0, end = 0] = [matches.values[i], matches.values[i + 1]];
    if (start > position) stretch(position, start, invert);
    stretch(start, end, !invert);
  }
  if (to > position) stretch(position, to, invert);
  close(to);
}
