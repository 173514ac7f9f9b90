/** Kinds of personal data, in no order; a rule tells more exactly what was found, such as `us-ssn`. */
export const personalDataKinds = [
  'ADDRESS',
  'AGE',
  'BANK_ACCOUNT',
  'BANK_ROUTING',
  'CARD_EXPIRY',
  'CARD_SECURITY_CODE',
  'CREDIT_CARD',
  'CRYPTO_WALLET',
  'DATE_OF_BIRTH',
  'DATE_TIME',
  'DRIVER_LICENSE',
  'EMAIL',
  'IBAN',
  'IP_ADDRESS',
  'LOCATION',
  'MAC_ADDRESS',
  'NATIONALITY',
  'NATIONAL_ID',
  'ORGANIZATION',
  'PASSPORT',
  'PERSON',
  'PHONE',
  'POSTAL_CODE',
  'SECRET',
  'SWIFT_CODE',
  'TITLE',
  'URL',
] as const;

/** What a span of personal data is. */
export type PersonalDataKind = (typeof personalDataKinds)[number];

/** One span of personal data; UTF-16 offsets, so that `text.slice(start, end)` is its text. */
export interface PersonalData {
  readonly kind: PersonalDataKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /**
   * How certain the rule is, 0 to 1; no probability. 0.99: a check digit agrees; 0.95: a form that nothing else has;
   * 0.85: a form in its context; 0.7: a form that other things have too; 0.5: a guess by context. Of names, the model's score.
   */
  readonly score: number;
  /** The rule that found it, such as `luhn`, `us-ssn` or `entities`. */
  readonly rule: string;
}

/** How personal data is hidden: `mask` keeps its length, `type` and `hash` name its kind. */
export const redactionModes = ['mask', 'type', 'hash'] as const;

/** See `redactionModes`. */
export type RedactionMode = (typeof redactionModes)[number];
