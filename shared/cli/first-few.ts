/** Most of many that are named one by one. */
const MOST_NAMED = 10;

/** Names the first few of many by a line each, and in the end how many more there were. */
export function createFirstFew(what: string, write: (line: string) => void) {
  let count = 0;
  return {
    count: () => count,
    add(line: string): void {
      count += 1;
      if (count <= MOST_NAMED) write(line);
    },
    finish(): void {
      if (count > MOST_NAMED) write(`and ${count - MOST_NAMED} more ${what}`);
    },
  };
}
