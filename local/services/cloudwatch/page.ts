import { ServiceError } from '../service-error.ts';

/** One page of a list; the token is the place to go on at. */
export function pageOf<T>(
  all: readonly T[],
  size: number,
  token: string | null | undefined,
): { items: T[]; next: { NextToken?: string } } {
  if (token != null && !/^\d{1,9}$/.test(token)) {
    throw new ServiceError('InvalidNextToken', 'NextToken: is not one that this service gave out');
  }
  const from = Number(token ?? 0);
  const more = from + size < all.length;
  return {
    items: all.slice(from, from + size),
    next: more ? { NextToken: String(from + size) } : {},
  };
}
