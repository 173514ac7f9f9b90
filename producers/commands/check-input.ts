import type { Input } from './open-input.ts';
import { type BadLine, isBadLine, type ReadOptions, readLine } from './read-lines.ts';

/** Most bad lines that are named one by one. */
const MOST_NAMED = 10;

/** Names bad lines as they come: the first few, and in the end how many more. */
export function createBadLines(say: (line: string) => void) {
  let count = 0;
  return {
    get count() {
      return count;
    },
    add({ line, message }: BadLine): void {
      count += 1;
      if (count <= MOST_NAMED) say(`line ${line}: ${message}`);
    },
    finish(): void {
      if (count > MOST_NAMED) say(`and ${count - MOST_NAMED} more bad lines`);
    },
  };
}

/** Where bad lines go. */
export type BadLines = ReturnType<typeof createBadLines>;

/** Reads an input to its end, keeping nothing: how many records are valid, and every bad line by name. */
export async function checkInput(
  input: Input,
  options: ReadOptions,
  bad: BadLines,
): Promise<{ good: number }> {
  let good = 0;
  for await (const line of input.lines()) {
    const read = readLine(line, options);
    if (isBadLine(read)) bad.add(read);
    else good += 1;
  }
  bad.finish();
  return { good };
}
