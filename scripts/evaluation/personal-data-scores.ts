import type { MarkedText } from './presidio-file.ts';

/** Precision, recall and F1; 0 to 1. */
export interface SpanScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Spans of the data. */
  readonly support: number;
}

/**
 * What the data's types are called here. Postal addresses are marked there whole or in parts (number, street, place, postcode), so
 * that a part of one may rightly be found as an address, a place or a postcode.
 */
const kindsOf: Readonly<Record<string, readonly string[]>> = {
  AGE: ['AGE'],
  CREDIT_CARD: ['CREDIT_CARD'],
  DATE_TIME: ['DATE_TIME', 'DATE_OF_BIRTH'],
  DOMAIN_NAME: ['URL'],
  EMAIL_ADDRESS: ['EMAIL'],
  GPE: ['LOCATION', 'ADDRESS'],
  IBAN_CODE: ['IBAN'],
  IP_ADDRESS: ['IP_ADDRESS'],
  NRP: ['NATIONALITY'],
  ORGANIZATION: ['ORGANIZATION'],
  PERSON: ['PERSON'],
  PHONE_NUMBER: ['PHONE'],
  STREET_ADDRESS: ['ADDRESS', 'LOCATION', 'POSTAL_CODE'],
  TITLE: ['TITLE'],
  US_DRIVER_LICENSE: ['DRIVER_LICENSE'],
  US_SSN: ['NATIONAL_ID'],
  ZIP_CODE: ['POSTAL_CODE', 'ADDRESS'],
};

/** Types and kinds of a form of their own, which rules find without a model. */
const structuredTypes = new Set([
  ...['CREDIT_CARD', 'DOMAIN_NAME', 'EMAIL_ADDRESS', 'IBAN_CODE', 'IP_ADDRESS', 'PHONE_NUMBER'],
  ...['US_DRIVER_LICENSE', 'US_SSN', 'ZIP_CODE'],
]);
const structuredKinds = new Set([
  ...['BANK_ACCOUNT', 'BANK_ROUTING', 'CARD_EXPIRY', 'CARD_SECURITY_CODE', 'CREDIT_CARD'],
  ...['CRYPTO_WALLET', 'DRIVER_LICENSE', 'EMAIL', 'IBAN', 'IP_ADDRESS', 'MAC_ADDRESS'],
  ...['NATIONAL_ID', 'PASSPORT', 'PHONE', 'POSTAL_CODE', 'SECRET', 'SWIFT_CODE', 'URL'],
]);

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Counts {
  expected: number;
  found: number;
  predicted: number;
  right: number;
}

/** All scores of one measure. */
export interface PersonalDataScores {
  readonly all: SpanScore;
  readonly structured: SpanScore;
  /** By the data's types: the share found, and how many there are. */
  readonly types: Readonly<Record<string, { readonly recall: number; readonly support: number }>>;
  /** By kind: the share of what was found that is right, and how much that was. */
  readonly kinds: Readonly<Record<string, { readonly precision: number; readonly found: number }>>;
}

/**
 * Compares spans of a kind that the type of the expected one may have, in two measures: `overlap` counts what shares a character,
 * `exact` what begins and ends at the same place.
 */
export function scorePersonalData(
  texts: readonly {
    readonly expected: MarkedText['spans'];
    readonly predicted: readonly (Span & { readonly kind: string })[];
  }[],
  measure: 'overlap' | 'exact',
): PersonalDataScores {
  const agree = (a: Span, b: Span) =>
    measure === 'exact'
      ? a.start === b.start && a.end === b.end
      : a.start < b.end && b.start < a.end;
  const allows = (type: string, kind: string) => (kindsOf[type] ?? [type]).includes(kind);
  const [all, structured] = [newCounts(), newCounts()];
  const types = new Map<string, Counts>();
  const kinds = new Map<string, Counts>();
  for (const { expected, predicted } of texts) {
    for (const span of expected) {
      const found = predicted.some((one) => allows(span.type, one.kind) && agree(span, one));
      for (const counts of [
        all,
        countsOf(types, span.type),
        ...(structuredTypes.has(span.type) ? [structured] : []),
      ]) {
        counts.expected++;
        counts.found += Number(found);
      }
    }
    for (const one of predicted) {
      const right = expected.some((span) => allows(span.type, one.kind) && agree(span, one));
      for (const counts of [
        all,
        countsOf(kinds, one.kind),
        ...(structuredKinds.has(one.kind) ? [structured] : []),
      ]) {
        counts.predicted++;
        counts.right += Number(right);
      }
    }
  }
  return {
    all: scoreOf(all),
    structured: scoreOf(structured),
    types: Object.fromEntries(
      sorted(types).map(([type, { expected, found }]) => [
        type,
        { recall: found / expected, support: expected },
      ]),
    ),
    kinds: Object.fromEntries(
      sorted(kinds).map(([kind, { predicted, right }]) => [
        kind,
        { precision: right / predicted, found: predicted },
      ]),
    ),
  };
}

function newCounts(): Counts {
  return { expected: 0, found: 0, predicted: 0, right: 0 };
}

function countsOf(map: Map<string, Counts>, name: string): Counts {
  const counts = map.get(name) ?? newCounts();
  map.set(name, counts);
  return counts;
}

function sorted(map: ReadonlyMap<string, Counts>): [string, Counts][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

function scoreOf({ expected, found, predicted, right }: Counts): SpanScore {
  const precision = predicted === 0 ? 0 : right / predicted;
  const recall = expected === 0 ? 0 : found / expected;
  const sum = precision + recall;
  return {
    precision,
    recall,
    f1: sum === 0 ? 0 : (2 * precision * recall) / sum,
    support: expected,
  };
}
