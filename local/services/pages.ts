/** Of things in the order of their names those behind one, as many as asked for, and the last one's name where more follow. */
export function pageOf<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  after: string | null | undefined,
  most: number,
) {
  const rest = items.filter((item) => nameOf(item) > (after ?? ''));
  const page = rest.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).slice(0, most);
  return { page, last: page.length < rest.length ? page.map(nameOf).at(-1) : undefined };
}
