import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';

// A `StringStringEntryProto` of ONNX: the key, field 1, and the tag of the value, field 2.
const LOCATION = Buffer.from('\n\blocation\x12');

/**
 * Files that a graph keeps its weights in, as paths beside it, in no particular order. They are found by the bytes of their
 * entries, without reading the graph as a whole.
 */
export async function externalData(graph: string, file: string): Promise<string[]> {
  const bytes = await readFile(file);
  const found = new Set<string>();
  for (let at = bytes.indexOf(LOCATION); at >= 0; at = bytes.indexOf(LOCATION, at + 1)) {
    const start = at + LOCATION.length;
    // Lengths below 128 take one byte; no file's name is longer.
    const length = bytes[start] ?? 0;
    const name = bytes.toString('utf8', start + 1, start + 1 + length);
    found.add(posix.join(posix.dirname(graph), name));
  }
  return [...found];
}
