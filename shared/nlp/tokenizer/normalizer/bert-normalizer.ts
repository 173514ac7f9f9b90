import type { Normalizer } from '../stages.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { characterClass, classOf, combiningClassOf } from '../unicode/character-class.ts';
import { codePointAt } from '../unicode/code-point.ts';
import { MarkRun, type Part } from './mark-run.ts';

const { removed, blank, ideograph, mark, whole } = characterClass;
const space = 0x20;
const spacePart: Part = { combiningClass: 0, units: Uint16Array.of(space) };

/** What of BERT's normalization is switched on. */
export interface BertNormalization {
  readonly cleanText: boolean;
  readonly handleChineseCharacters: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

/** A character in the form the vocabulary is spelled in. */
interface Spelling {
  readonly parts: readonly Part[];
  /** The units of all its parts. */
  readonly units: Uint16Array;
  /** Holds a combining mark that is kept, so that the canonical order of all marks around it matters. */
  readonly keepsMark: boolean;
}

/**
 * BERT's normalization, as Hugging Face tokenizers' `BertNormalizer` does it: control characters away, white space to spaces,
 * ideographs set apart, canonical decomposition without accents, lower case. Works one character at a time, so that each
 * keeps its span; a lone surrogate counts as U+FFFD.
 */
export function createBertNormalizer(options: BertNormalization): Normalizer {
  const { cleanText, handleChineseCharacters } = options;
  const ascii = asciiTable(options);
  const spellings = new Map<number, Spelling>();
  const spell = (codePoint: number, kind: number): Spelling => {
    const made = spellingOf(codePoint, kind, options);
    spellings.set(codePoint, made);
    return made;
  };

  /** Writes a character beyond ASCII; gives where the next begins, or -1 for one that keeps a combining mark. */
  function normalizeOther(text: string, at: number, out: TextBuffer): number {
    const codePoint = codePointAt(text, at);
    const end = at + (codePoint > 0xffff ? 2 : 1);
    const kind = classOf(codePoint);
    if (cleanText) {
      if (kind & removed) return end;
      if (kind & blank) {
        out.push(space, at, end);
        return end;
      }
    }
    const { units, keepsMark } = spellings.get(codePoint) ?? spell(codePoint, kind);
    if (keepsMark) return -1;
    const apart = handleChineseCharacters && (kind & ideograph) !== 0;
    out.reserve(units.length + 2 + (text.length - at));
    if (apart) out.push(space, at, end);
    for (let i = 0; i < units.length; i++) out.push(units[i] ?? 0, at, end);
    if (apart) out.push(space, at, end);
    return end;
  }

  function normalizeInOrder(text: string, from: number, to: number, out: TextBuffer): void {
    const run = new MarkRun();
    for (let i = from; i < to; ) {
      const codePoint = codePointAt(text, i);
      const end = i + (codePoint > 0xffff ? 2 : 1);
      const kind = classOf(codePoint);
      if (cleanText && kind & (removed | blank)) {
        if (kind & blank) run.add([spacePart], i, end, out);
      } else {
        const apart = handleChineseCharacters && (kind & ideograph) !== 0;
        if (apart) run.add([spacePart], i, end, out);
        const { parts } = spellings.get(codePoint) ?? spell(codePoint, kind);
        run.add(parts, i, end, out);
        if (apart) run.add([spacePart], i, end, out);
      }
      i = end;
    }
    run.flush(out);
  }

  return {
    normalize(text, from, to, out) {
      const first = out.length;
      out.reserve(to - from + 2);
      for (let i = from; i < to; ) {
        const unit = text.charCodeAt(i);
        if (unit < 128) {
          const mapped = ascii[unit] ?? 0;
          if (mapped !== dropped) out.push(mapped, i, i + 1);
          i++;
          continue;
        }
        i = normalizeOther(text, i, out);
        if (i !== -1) continue;
        // Now the order of all marks matters: once more, from the start, with an eye on it.
        out.length = first;
        normalizeInOrder(text, from, to, out);
        return;
      }
    },
  };
}

function spellingOf(
  codePoint: number,
  kind: number,
  { stripAccents, lowercase }: BertNormalization,
): Spelling {
  const character = String.fromCodePoint(codePoint);
  const decomposed = stripAccents && (kind & whole) === 0 ? character.normalize('NFD') : character;
  let all = '';
  let keepsMark = false;
  const parts = Array.from(decomposed, (part): Part => {
    const partCodePoint = part.codePointAt(0) ?? 0;
    // Without accent stripping nothing is decomposed, and nothing sorted.
    const combiningClass = stripAccents ? combiningClassOf(partCodePoint) : 0;
    const stripped = stripAccents && (classOf(partCodePoint) & mark) !== 0;
    if (combiningClass > 0 && !stripped) keepsMark = true;
    // One by one: the lower case of a whole string depends on context (final sigma), which the original ignores.
    const written = stripped ? '' : lowercase ? part.toLowerCase() : part;
    all += written;
    return { combiningClass, units: unitsOf(written) };
  });
  return { parts, units: unitsOf(all), keepsMark };
}

function unitsOf(text: string): Uint16Array {
  return Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

const dropped = 0xffff;

function asciiTable({ cleanText, lowercase }: BertNormalization): Uint16Array {
  return Uint16Array.from({ length: 128 }, (_, code) => {
    const kind = classOf(code);
    if (cleanText && kind & removed) return dropped;
    if (cleanText && kind & blank) return space;
    return lowercase ? String.fromCharCode(code).toLowerCase().charCodeAt(0) : code;
  });
}
