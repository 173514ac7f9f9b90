/** WordPiece written the plain way, with strings and a map: what the fast one must agree with. */
export function plainWordPiece(
  vocabulary: Readonly<Record<string, number>>,
  word: string,
  maximumCharacters: number,
): { id: number; length: number }[] {
  const unknown = [{ id: vocabulary['[UNK]'] ?? -1, length: word.length }];
  const characters = [...word];
  if (characters.length > maximumCharacters) return unknown;
  const tokens: { id: number; length: number }[] = [];
  for (let from = 0; from < characters.length; ) {
    let to = characters.length;
    let id: number | undefined;
    for (; to > from && id === undefined; to--) {
      const piece = characters.slice(from, to).join('');
      const token = from === 0 ? piece : `##${piece}`;
      // Not what every object inherits: `constructor` is a word, too.
      id = Object.hasOwn(vocabulary, token) ? vocabulary[token] : undefined;
    }
    if (id === undefined) return unknown;
    tokens.push({ id, length: characters.slice(from, to + 1).join('').length });
    from = to + 1;
  }
  return tokens;
}
