/**
 * Code points of each token of a WordPiece vocabulary by its id, a leading `##` included; read from a
 * parsed `tokenizer.json` when first asked for.
 */
export function createSpellingLengths(tokenizerJson: unknown): () => Uint8Array {
  let lengths: Uint8Array | undefined;
  return () => {
    lengths ??= readLengths(tokenizerJson);
    return lengths;
  };
}

function readLengths(tokenizerJson: unknown): Uint8Array {
  const entries = Object.entries(field(field(tokenizerJson, 'model'), 'vocab') ?? {});
  const lengths = new Uint8Array(entries.length);
  for (const [token, id] of entries) if (typeof id === 'number') lengths[id] = codePoints(token);
  return lengths;
}

function field(value: unknown, name: string): object | undefined {
  const inner = value !== null && typeof value === 'object' ? Reflect.get(value, name) : undefined;
  return inner !== null && typeof inner === 'object' ? inner : undefined;
}

function codePoints(token: string): number {
  let count = token.length;
  for (let i = 1; i < token.length; i++) {
    const pair = (token.charCodeAt(i) & 0xfc00) === 0xdc00;
    if (pair && (token.charCodeAt(i - 1) & 0xfc00) === 0xd800) count -= 1;
  }
  return count;
}
