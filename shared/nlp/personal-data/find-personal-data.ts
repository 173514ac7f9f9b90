import { resolveOverlaps } from './resolve.ts';
import { addressRules } from './rules/addresses.ts';
import { bankNumbers, ibans, swiftCodes } from './rules/banks.ts';
import { cardDetails, cardNumbers } from './rules/cards.ts';
import { dateRules } from './rules/dates.ts';
import { documents } from './rules/documents.ts';
import { internetRules } from './rules/internet.ts';
import { names } from './rules/names.ts';
import { nationalIds } from './rules/national-ids.ts';
import { peopleRules } from './rules/people.ts';
import { phones } from './rules/phones.ts';
import { secretRules } from './rules/secrets.ts';
import { wallets } from './rules/wallets.ts';
import { createScan, type Rule, withDigits } from './scan.ts';
import {
  type Finding,
  type PersonalData,
  type PersonalDataKind,
  type PersonalDataOptions,
  personalDataKinds,
} from './types.ts';

const rules: readonly Rule[] = [
  withDigits(12, [cardNumbers]),
  withDigits(4, [ibans]),
  ...secretRules,
  wallets,
  ...internetRules,
  withDigits(6, [nationalIds]),
  swiftCodes,
  withDigits(4, [...documents, ...bankNumbers]),
  withDigits(3, cardDetails),
  withDigits(6, [phones]),
  ...dateRules,
  ...addressRules,
  ...peopleRules,
  ...names,
];

/** Organizations are no persons; whoever wants them hidden names them. */
const defaultKinds: ReadonlySet<PersonalDataKind> = new Set(
  personalDataKinds.filter((kind) => kind !== 'ORGANIZATION'),
);

/**
 * Finds personal data in a text: by rules, most of them with checks, and among what a model found in it. Pure, and its time is
 * in proportion to the text.
 *
 * @returns spans in order, none overlapping; UTF-16 offsets
 */
export function findPersonalData(text: string, options: PersonalDataOptions): PersonalData[] {
  const steps = searchPersonalData(text, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same rule by rule, so that whoever goes through it can do something else in between: a long text takes a while. */
export function* searchPersonalData(
  text: string,
  options: PersonalDataOptions,
): Generator<undefined, PersonalData[]> {
  const kinds = options.kinds === undefined ? defaultKinds : new Set(options.kinds);
  const scan = createScan(text, options);
  const findings: Finding[] = [];
  for (const rule of rules) {
    for (const finding of rule(scan)) {
      if (kinds.has(finding.kind)) findings.push(finding);
    }
    yield;
  }
  return resolveOverlaps(text, findings);
}
