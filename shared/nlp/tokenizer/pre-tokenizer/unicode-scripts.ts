import type { DivideStep } from '../pieces.ts';
import type { PreTokenizer } from '../stages.ts';
import { packedScripts } from '../unicode/editions.ts';

/** Runs of one script, kana and ideographs taken for one; a space goes with what is before it. */
export function createUnicodeScripts(): PreTokenizer {
  const { starts, scripts } = unpackScripts();
  const scriptOf = (codePoint: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= codePoint) low = middle;
      else high = middle - 1;
    }
    return scripts[low] ?? 0;
  };
  const divide: DivideStep = (buffer, from, to, parts) => {
    // What stands before the first letter of a script is dropped, as the library does.
    let start = -1;
    let last = 0;
    for (let i = from; i < to; ) {
      const codePoint = buffer.codePointAt(i, to);
      const script = scriptOf(codePoint);
      if (script !== 0 && script !== last) {
        if (start !== -1) {
          parts.push(start);
          parts.push(i);
        }
        start = i;
        last = script;
      }
      i += codePoint > 0xffff ? 2 : 1;
    }
    if (start === -1) return;
    parts.push(start);
    parts.push(to);
  };
  return { split: (pieces) => pieces.divide(divide) };
}

function unpackScripts(): { starts: Int32Array; scripts: Uint8Array } {
  const starts: number[] = [];
  const scripts: number[] = [];
  let position = 0;
  for (const run of packedScripts.split(' ')) {
    const [length = '0', script = '0'] = run.split('.');
    starts.push(position);
    scripts.push(Number.parseInt(script, 36));
    position += Number.parseInt(length, 36);
  }
  return { starts: Int32Array.from(starts), scripts: Uint8Array.from(scripts) };
}
