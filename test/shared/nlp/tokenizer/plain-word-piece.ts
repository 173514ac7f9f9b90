/** WordPiece written the plain way, with strings and a map: what the fast one must agree with. */
export function plainWordPiece(
  vocabulary: ReadonlyMap<string, number>,
  word: string,
  maximumCharacters: number,
): { id: number; length: number }[] {
  const unknown = [{ id: vocabulary.get('[UNK]') ?? -1, length: word.length }];
  const characters = [...word];
  if (characters.length > maximumCharacters) return unknown;
  const tokens: { id: number; length: number }[] = [];
  for (let from = 0; from < characters.length; ) {
    let to = characters.length;
    let id: number | undefined;
    for (; to > from && id === undefined; to--) {
      const piece = characters.slice(from, to).join('');
      id = vocabulary.get(from === 0 ? piece : `##${piece}`);
    }
    if (id === undefined) return unknown;
    tokens.push({ id, length: characters.slice(from, to + 1).join('').length });
    from = to + 1;
  }
  return tokens;
}
