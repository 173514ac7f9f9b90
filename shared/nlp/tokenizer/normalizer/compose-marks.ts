import type { IntegerList } from '../text-buffer.ts';
import { combiningClassOf } from '../unicode/character-class.ts';
import { composed } from '../unicode/decomposition.ts';

const none = -1;

/**
 * Canonical composition, in place: a starter takes up each mark that no other of its class or a higher one stands before. The
 * character that comes of two drops what the second took from the text.
 */
export function composeMarks(codes: IntegerList, changes: IntegerList): void {
  /** Code point and change of each mark that waits for the starter which it follows. */
  const waiting: number[] = [];
  let written = 0;
  const write = (code: number, change: number) => {
    codes.values[written] = code;
    changes.values[written++] = change;
  };
  let starter = none;
  let starterChange = 0;
  let lastClass = none;
  const release = () => {
    write(starter, starterChange);
    for (let i = 0; i < waiting.length; i += 2) {
      write(waiting[i] ?? 0, waiting[i + 1] ?? 0);
    }
    waiting.length = 0;
    lastClass = none;
  };
  for (let i = 0; i < codes.length; i++) {
    const [code = 0, change = 0] = [codes.values[i], changes.values[i]];
    const kind = combiningClassOf(code);
    if (starter === none) {
      if (kind === 0) [starter, starterChange] = [code, change];
      else write(code, change);
      continue;
    }
    const blocked = lastClass !== none && lastClass >= kind;
    const both = blocked ? none : composed(starter, code);
    if (both !== none) {
      starter = both;
      starterChange += change - 1;
    } else if (kind === 0) {
      release();
      [starter, starterChange] = [code, change];
    } else {
      waiting.push(code, change);
      lastClass = kind;
    }
  }
  if (starter !== none) release();
  codes.length = written;
  changes.length = written;
}
