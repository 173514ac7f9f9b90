import type { IntegerList } from '../text-buffer.ts';
import { combiningClassOf } from '../unicode/character-class.ts';

/** Combining classes are bytes. */
const CLASSES = 256;

/**
 * Puts the last `count` code points, all of them combining marks, into canonical order: by class, marks of one class as they
 * came. Counted, since comparing takes more than linear time.
 */
export function sortMarks(codes: IntegerList, changes: IntegerList, count: number): void {
  const from = codes.length - count;
  const marks = codes.values.slice(from, codes.length);
  const changed = changes.values.slice(from, changes.length);
  const classes = Uint8Array.from(marks, combiningClassOf);
  if (classes.every((kind, index) => index === 0 || kind >= (classes[index - 1] ?? 0))) return;
  const places = new Int32Array(CLASSES + 1);
  for (const kind of classes) places[kind + 1] = (places[kind + 1] ?? 0) + 1;
  for (let i = 1; i <= CLASSES; i++) places[i] = (places[i] ?? 0) + (places[i - 1] ?? 0);
  for (let i = 0; i < count; i++) {
    const kind = classes[i] ?? 0;
    const place = places[kind] ?? 0;
    places[kind] = place + 1;
    codes.values[from + place] = marks[i] ?? 0;
    changes.values[from + place] = changed[i] ?? 0;
  }
}
