import type { PersonalDataKind } from './types.ts';

/** Kinds whose values are the same however they are separated. */
const separated: ReadonlySet<PersonalDataKind> = new Set([
  'BANK_ACCOUNT',
  'BANK_ROUTING',
  'CARD_SECURITY_CODE',
  'CREDIT_CARD',
  'DRIVER_LICENSE',
  'IBAN',
  'MAC_ADDRESS',
  'NATIONAL_ID',
  'PASSPORT',
  'PHONE',
  'POSTAL_CODE',
  'SWIFT_CODE',
]);
/** Kinds in which case tells values apart. */
const exact: ReadonlySet<PersonalDataKind> = new Set(['CRYPTO_WALLET', 'SECRET']);

/**
 * A value as it is compared with others of its kind: without case and separators, where those do not matter.
 * A phone number keeps its country code if it has one, since without it its country is not known.
 */
export function normalize(kind: PersonalDataKind, text: string): string {
  if (exact.has(kind)) return text;
  const plain = text.normalize('NFKC').toLowerCase();
  if (kind === 'PHONE') return plain.replace(/\(0\)|[^+\p{L}\p{N}]/gu, '').replace(/^00/, '+');
  if (separated.has(kind)) return plain.replace(/[^\p{L}\p{N}]/gu, '');
  if (kind === 'EMAIL' && !plain.includes('@')) return plain.replace('%40', '@');
  if (kind === 'EMAIL' || kind === 'IP_ADDRESS' || kind === 'URL') return plain;
  return plain.replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ').trim();
}
