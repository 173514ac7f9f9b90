import { readFileSync } from 'node:fs';
import { it } from 'vitest';
import type { Adapter } from './adapter.ts';

const PAGE = new URL('../../../docs/conformance.md', import.meta.url);
const ROW = /^\| `(?<title>[^`]+)` \|(?:[^|]*\|)+ (?<right>ours|MiniStack|neither) \|$/gm;

/** What docs/conformance.md says to differ: by a test's title, who does as AWS does. */
export const differences = new Map(
  Array.from(readFileSync(PAGE, 'utf8').matchAll(ROW), ({ groups }) => [
    groups?.title ?? '',
    groups?.right ?? '',
  ]),
);

/**
 * `it` for an adapter: a test that docs/conformance.md lists for it has to fail there, so that a difference that is gone
 * cannot stay listed.
 */
export function itOf({ name }: Adapter): typeof it | typeof it.fails {
  const listed = (title: string) => {
    const right = differences.get(title);
    const isRight = name === 'ministack' ? right === 'MiniStack' : right === 'ours';
    return right !== undefined && name !== 'aws' && !isRight;
  };
  return ((title: string, run: () => Promise<void>) =>
    (listed(title) ? it.fails : it)(title, run)) as typeof it;
}
