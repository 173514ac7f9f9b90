/** What WNUT-17's types are called by models of the CoNLL-2003 kind. */
const wnutTypes: Readonly<Record<string, string>> = {
  person: 'PER',
  location: 'LOC',
  corporation: 'ORG',
  group: 'ORG',
  product: 'MISC',
  'creative-work': 'MISC',
};

/** A tag with WNUT-17's types turned into those of CoNLL-2003; any other type stays as it is. */
export function mapTag(tag: string): string {
  if (tag === 'O') return tag;
  const type = tag.slice(2);
  return `${tag.slice(0, 2)}${wnutTypes[type] ?? type}`;
}
