import type { Result } from '../../api/contract.ts';

/** Results of a source as far as they are known: newest first, without a hole. */
export interface List {
  readonly results: readonly Result[];
  /** Where the next page begins; absent at the end. */
  readonly cursor: string | undefined;
  /** More came than a page holds, so that what was known before was left out. */
  readonly jumped: boolean;
}

/** Names a result among all. */
export const keyOf = ({ id, pipelineVersion, contentHash }: Result): string =>
  `${id} ${pipelineVersion} ${contentHash}`;

/** Most results that are kept; older ones are asked for again. */
const MOST_KEPT = 1_000;

/** Puts the newest page before what is known. Where the two do not meet, results are missing between them: the page stands alone. */
export function withNewest(
  known: List | undefined,
  page: { readonly results: readonly Result[]; readonly cursor?: string | undefined },
): List {
  const fresh = { results: page.results, cursor: page.cursor, jumped: false };
  if (!known || page.results.length === 0 || known.results.length === 0) return fresh;
  const old = new Map(known.results.map((result) => [keyOf(result), result]));
  const came = page.results.filter((result) => !old.has(keyOf(result)));
  if (came.length === page.results.length && page.cursor !== undefined) {
    return { ...fresh, jumped: true };
  }
  if (came.length === 0) return { ...known, jumped: false };
  const newest = new Set(page.results.map(keyOf));
  // What is known already stays the same object, so that it is not drawn anew.
  const results = [
    ...page.results.map((result) => old.get(keyOf(result)) ?? result),
    ...known.results.filter((result) => !newest.has(keyOf(result))),
  ];
  if (results.length <= MOST_KEPT) return { results, cursor: known.cursor, jumped: false };
  return { ...fresh, jumped: true };
}

/** Puts an older page behind what is known. */
export function withOlder(
  known: List,
  page: { readonly results: readonly Result[]; readonly cursor?: string | undefined },
): List {
  const there = new Set(known.results.map(keyOf));
  const more = page.results.filter((result) => !there.has(keyOf(result)));
  return { results: [...known.results, ...more], cursor: page.cursor, jumped: false };
}
