/**
 * Bytes that DynamoDB counts for a value: names and strings as UTF-8, numbers as two digits a byte, 1 per element and
 * 3 per list or map.
 */
export function itemSize(value: unknown): number {
  if (value === null || value === undefined || typeof value === 'boolean') return 1;
  if (typeof value === 'string') return Buffer.byteLength(value, 'utf8');
  if (typeof value === 'number') return numberSize(value);
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value))
    return value.reduce<number>((sum, inner) => sum + 1 + itemSize(inner), 3);
  return Object.entries(value).reduce(
    (sum, [name, inner]) => sum + 1 + Buffer.byteLength(name, 'utf8') + itemSize(inner),
    3,
  );
}

/** About one byte for two significant digits, plus two. */
function numberSize(value: number): number {
  return Math.min(21, Math.ceil(String(value).length / 2) + 2);
}
