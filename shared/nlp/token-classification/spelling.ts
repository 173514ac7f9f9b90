import type { Vocabulary } from '../types.ts';

/** Code points of each token of a WordPiece vocabulary by its id, a leading `##` included; counted when first asked for. */
export function createSpellingLengths(vocabulary: Vocabulary): () => Uint8Array {
  let lengths: Uint8Array | undefined;
  return () => {
    lengths ??= countAll(vocabulary);
    return lengths;
  };
}

function countAll({ tokens, ids }: Vocabulary): Uint8Array {
  const lengths = new Uint8Array(tokens.length);
  for (let i = 0; i < tokens.length; i++) lengths[ids[i] ?? 0] = codePoints(tokens[i] ?? '');
  return lengths;
}

function codePoints(token: string): number {
  let count = token.length;
  for (let i = 1; i < token.length; i++) {
    const low = (token.charCodeAt(i) & 0xfc00) === 0xdc00;
    if (low && (token.charCodeAt(i - 1) & 0xfc00) === 0xd800) count -= 1;
  }
  return count;
}
