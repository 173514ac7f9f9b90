import { createHmac } from 'node:crypto';
import { ValidationError } from '../../errors.ts';
import type { RedactionMode } from './kinds.ts';
import { normalize } from './normalize.ts';
import type { PersonalData } from './types.ts';

/** How to redact; `hash` needs a key of 16 bytes at least. */
export interface RedactOptions {
  readonly mode: RedactionMode;
  readonly key?: string | Uint8Array | undefined;
}

/** What is hidden: a part of a text, and what stands for it. */
export interface HiddenRange {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** A span in the redacted text; `hidden` where it touches what was replaced, and then covers the whole replacement. */
export interface MovedSpan {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly hidden: boolean;
}

/** A text without its personal data, and where everything else went. */
export interface RedactedText {
  readonly text: string;
  /** The given spans as they stand in the redacted text: their text is what replaces them. */
  readonly spans: readonly PersonalData[];
  /** Where an offset went: one inside a replaced part goes to its beginning. */
  map(offset: number): number;
  /** Where a span went. */
  move(span: { readonly start: number; readonly end: number }): MovedSpan;
}

/**
 * Replaces spans of a text. `mask` puts an asterisk for each UTF-16 unit, so that all offsets hold; `type` puts `[EMAIL]`;
 * `hash` puts `[EMAIL:1f0c2a9b8d7e]`, a keyed HMAC-SHA-256 of the value without its case, spaces and separators: the same value
 * has the same tag under the same key, and without the key nobody can try values out.
 *
 * @param spans as an analysis has them: in order, none overlapping
 * @throws {ValidationError} where `hash` has no key or too short a one, or spans overlap or lie outside of the text
 * @example
 * const text = 'Write to ada@example.com';
 * const [outcome] = await engine.analyze([{ text, tasks: ['pii'] }]);
 * if (outcome?.ok) console.log(redact(text, outcome.value.pii, { mode: 'type' }).text);
 */
export function redact(
  text: string,
  spans: readonly PersonalData[],
  options: RedactOptions,
): RedactedText {
  const replace = createReplacement(options);
  return applyRanges(
    text,
    spans.map((span) => ({ ...span, replacement: replace(span) })),
    spans,
  );
}

/** What stands for a span in place of its text. */
export function createReplacement({
  mode,
  key,
}: RedactOptions): (span: Pick<PersonalData, 'kind' | 'text'>) => string {
  if (mode === 'mask') return ({ text }) => '*'.repeat(text.length);
  if (mode === 'type') return ({ kind }) => `[${kind}]`;
  if (key === undefined || Buffer.byteLength(key) < 16) {
    throw new ValidationError('key', 'hashing personal data needs a key of 16 bytes at least');
  }
  return ({ kind, text }) => {
    const digest = createHmac('sha256', key)
      .update(`${kind}\0${normalize(kind, text)}`)
      .digest('hex');
    return `[${kind}:${digest.slice(0, 12)}]`;
  };
}

/** Replaces ranges, which are in order and do not overlap, and follows offsets through it. */
export function applyRanges(
  text: string,
  ranges: readonly HiddenRange[],
  spans: readonly PersonalData[],
): RedactedText {
  const parts: string[] = [];
  /** Of each range its beginning in the redacted text. */
  const places: number[] = [];
  let end = 0;
  let length = 0;
  for (const range of ranges) {
    if (range.start < end || range.end <= range.start || range.end > text.length) {
      throw new ValidationError(
        'spans',
        'spans must be in order, inside the text, none overlapping',
      );
    }
    places.push(length + range.start - end);
    parts.push(text.slice(end, range.start), range.replacement);
    length += range.start - end + range.replacement.length;
    end = range.end;
  }
  parts.push(text.slice(end));
  const redacted = parts.join('');

  /** Index of the last range that begins at the offset or before it; -1 where there is none. */
  const rangeBefore = (offset: number): number => {
    let [low, high] = [0, ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ranges[middle]?.start ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  const place = (index: number): [from: number, to: number] => {
    const from = places[index] ?? 0;
    return [from, from + (ranges[index]?.replacement.length ?? 0)];
  };
  const map = (offset: number): number => {
    const index = rangeBefore(offset);
    const range = ranges[index];
    if (range === undefined) return offset;
    const [from, to] = place(index);
    return offset < range.end ? from : to + offset - range.end;
  };
  const move = ({ start, end }: { readonly start: number; readonly end: number }): MovedSpan => {
    const last = rangeBefore(end - 1);
    const touches = (index: number) =>
      index >= 0 && (ranges[index]?.end ?? 0) > start && (ranges[index]?.start ?? 0) < end;
    const from = map(start);
    const lastHeld = touches(last);
    const to = lastHeld && end < (ranges[last]?.end ?? 0) ? place(last)[1] : map(end);
    return { start: from, end: to, text: redacted.slice(from, to), hidden: lastHeld };
  };
  return {
    text: redacted,
    spans: spans.map((span) => {
      const { start, end, text: replaced } = move(span);
      return { ...span, start, end, text: replaced };
    }),
    map,
    move,
  };
}
