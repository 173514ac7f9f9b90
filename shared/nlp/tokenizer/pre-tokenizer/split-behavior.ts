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
  const { values, length } = matches;
  // Start of the part that is being made; -1 where none is.
  let open = -1;
  let wasDelimiter = false;
  let position = from;
  for (let i = 0; position < to || i < length; ) {
    const next = i < length ? (values[i] ?? 0) : to;
    const between = next > position;
    const start = between ? position : next;
    const delimiter = between === invert;
    if (!between) {
      position = values[i + 1] ?? 0;
      i += 2;
    } else {
      position = next;
    }
    if (open !== -1 && begins(behavior, delimiter, wasDelimiter)) {
      if (start > open) {
        parts.push(open);
        parts.push(start);
      }
      open = -1;
    }
    if (open === -1 && !(behavior === 'Removed' && delimiter)) open = start;
    wasDelimiter = delimiter;
  }
  if (open !== -1 && to > open) {
    parts.push(open);
    parts.push(to);
  }
}

/** Whether a stretch begins a part of its own beside the one before it. */
function begins(behavior: SplitBehavior, delimiter: boolean, wasDelimiter: boolean): boolean {
  switch (behavior) {
    case 'Removed':
    case 'Isolated':
      return true;
    case 'Contiguous':
      return delimiter !== wasDelimiter;
    case 'MergedWithPrevious':
      return !delimiter || wasDelimiter;
    case 'MergedWithNext':
      return delimiter || !wasDelimiter;
  }
}
