import { readFileSync } from 'node:fs';
import { it } from 'vitest';
import type { Adapter } from './adapter.ts';

const PAGE = new URL('../../../docs/conformance.md', import.meta.url);
const ROW =
  /^\| `(?<title>[^`]+)` *\|[^|]*\|[^|]*\| (?<aws>[^|]*?) *\| (?<right>ours|MiniStack|neither) *\|$/gm;

/** A row of docs/conformance.md: a test, or several whose titles begin alike where it ends with an ellipsis. */
interface Difference {
  readonly title: string;
  /** What AWS does, with how that is known. */
  readonly aws: string;
  /** Who does as AWS does. */
  readonly right: string;
}

/** What docs/conformance.md says to differ. */
export const differences: readonly Difference[] = Array.from(
  readFileSync(PAGE, 'utf8').matchAll(ROW),
  ({ groups: { title = '', aws = '', right = '' } = {} }) => ({ title, aws, right }),
);

/** Whether a row is about a test of this title. */
const isAbout = ({ title }: Difference, test: string): boolean =>
  title.endsWith('…') ? test.startsWith(title.slice(0, -1)) : test === title;

/** Whether a test of this title has to fail for an adapter. Nothing is known of AWS that has to. */
export function isDifferent({ name }: Adapter, title: string): boolean {
  if (name === 'aws') return false;
  const who = name === 'ministack' ? 'MiniStack' : 'ours';
  return differences.some((one) => isAbout(one, title) && one.right !== who);
}

type Test = (title: string, run: () => Promise<void>) => void;

/**
 * `it` for an adapter: a test that docs/conformance.md lists for it has to fail there, so that a difference that is gone
 * cannot stay listed.
 */
export function itOf(adapter: Adapter) {
  const check: Test = (title, run) => (isDifferent(adapter, title) ? it.fails : it)(title, run);
  const skipIf = (isSkipped: boolean): Test => (isSkipped ? it.skip : check);
  return Object.assign(check, { each: it.each.bind(it), skipIf });
}
