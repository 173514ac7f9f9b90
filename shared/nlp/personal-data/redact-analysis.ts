import type { Answer, Entity } from '../types.ts';
import { findPersonalData } from './find-personal-data.ts';
import {
  applyRanges,
  createReplacement,
  type HiddenRange,
  type MovedSpan,
  type RedactedText,
  type RedactOptions,
} from './redact.ts';
import type { PersonalData, PersonalDataOptions } from './types.ts';
import { createValueFinder } from './value-finder.ts';

/** A word with its part of speech. */
interface TaggedSpan {
  readonly start: number;
  readonly end: number;
}

/** A text with everything that was said of it. */
export interface RedactableAnalysis<Tag extends TaggedSpan = TaggedSpan> {
  readonly text: string;
  readonly questions?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly entities?: readonly Entity[];
  readonly answers?: readonly Answer[];
  readonly tags?: readonly Tag[];
  /** What `findPersonalData` found in the text. */
  readonly pii: readonly PersonalData[];
}

/** The same without personal data. */
export interface RedactedAnalysis<Tag extends TaggedSpan = TaggedSpan> {
  readonly text: string;
  readonly questions: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly entities: readonly Entity[];
  readonly answers: readonly Answer[];
  readonly tags: readonly Tag[];
  /** Where something was hidden in the text, also where the same value occurs once more. */
  readonly pii: readonly PersonalData[];
  /** Where a span went that is not to be hidden; undefined where it touches what was. */
  move(span: PersonalData): PersonalData | undefined;
  /** Hides the same, and what the rules find, in any other string. */
  hide(text: string): string;
}

/**
 * Hides the personal data of a text in all that belongs to it: what was found in the text, the questions or the attributes is
 * hidden wherever it occurs in any of them. Entities and answers stay, with what stands in the redacted text as their text, so
 * that `text.slice(start, end)` is still a span's text; tags of words that are hidden are left out.
 *
 * @throws {ValidationError} see `redact`
 */
export function redactAnalysis<Tag extends TaggedSpan>(
  analysis: RedactableAnalysis<Tag>,
  options: RedactOptions & Omit<PersonalDataOptions, 'entities'>,
): RedactedAnalysis<Tag> {
  const {
    text,
    questions = [],
    attributes = {},
    entities = [],
    answers = [],
    tags = [],
    pii,
  } = analysis;
  const { mode, key, ...search } = options;
  const replace = createReplacement({ mode, key });
  const inOthers = new Map(
    [
      ...questions,
      ...answers.map(({ question }) => question),
      ...Object.entries(attributes).flat(),
    ].map((other): [string, PersonalData[]] => [other, findPersonalData(other, search)]),
  );
  const known = new Map<string, PersonalData>();
  for (const span of [...pii, ...[...inOthers.values()].flat()]) {
    if (!known.has(span.text)) known.set(span.text, span);
  }
  const values = [...known.values()];
  const findValues = createValueFinder(values.map((span) => span.text));

  const redactString = (other: string, own: readonly PersonalData[]): RedactedText => {
    const spans = withValues(
      other,
      own,
      findValues(other).flatMap(({ start, end, value }) => {
        const span = values[value];
        return span ? [{ ...span, start, end, rule: 'same-value' }] : [];
      }),
    );
    const ranges = spans.map((span): HiddenRange => ({ ...span, replacement: replace(span) }));
    return applyRanges(other, ranges, spans);
  };
  const hide = (other: string): string =>
    redactString(other, inOthers.get(other) ?? findPersonalData(other, search)).text;

  const redaction = redactString(text, pii);
  const moved = <Span extends TaggedSpan>(span: Span): MovedSpan => redaction.move(span);
  return {
    text: redaction.text,
    questions: questions.map(hide),
    attributes: hideKeys(attributes, hide),
    entities: entities.map((entity) => {
      const { start, end, text: replaced } = moved(entity);
      return { ...entity, text: replaced, start, end };
    }),
    answers: answers.map((answer) => {
      const question = hide(answer.question);
      if (answer.start === null || answer.end === null) return { ...answer, question };
      const { start, end, text: replaced } = moved({ start: answer.start, end: answer.end });
      return { ...answer, question, text: replaced, start, end };
    }),
    tags: tags.flatMap((tag) => {
      const { start, end, hidden } = moved(tag);
      return hidden ? [] : [{ ...tag, start, end }];
    }),
    pii: redaction.spans,
    move(span) {
      const { hidden, ...place } = moved(span);
      return hidden ? undefined : { ...span, ...place };
    },
    hide,
  };
}

/** Spans and what occurs beside them, in order; what a span covers in part is left to it. */
function withValues(
  text: string,
  own: readonly PersonalData[],
  more: readonly PersonalData[],
): PersonalData[] {
  const covered = new Uint8Array(text.length);
  for (const { start, end } of own) covered.fill(1, start, end);
  const free = more.filter(({ start, end }) => !covered.subarray(start, end).includes(1));
  return [...own, ...free].sort((a, b) => a.start - b.start);
}

/** Attributes whose keys would be the same are told apart by a number. */
function hideKeys(
  attributes: Readonly<Record<string, string>>,
  hide: (text: string) => string,
): Record<string, string> {
  const hidden: Record<string, string> = {};
  for (const [key, value] of Object.entries(attributes)) {
    const wanted = hide(key);
    let name = wanted;
    for (let count = 2; Object.hasOwn(hidden, name); count++) name = `${wanted} ${count}`;
    Object.defineProperty(hidden, name, {
      value: hide(value),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return hidden;
}
