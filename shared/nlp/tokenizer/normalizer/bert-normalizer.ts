import type { Normalizer } from '../stages.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { characterClass, classOf } from '../unicode/character-class.ts';
import { sortMarks } from './sort-marks.ts';

const { removed, blank, ideograph, mark, whole, ordered } = characterClass;
const space = 0x20;
const replacement = 0xfffd;

/** What of BERT's normalization is switched on. */
export interface BertNormalization {
  readonly cleanText: boolean;
  readonly handleChineseCharacters: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

/**
 * BERT's normalization, as Hugging Face tokenizers' `BertNormalizer` does it: control characters away, white space to spaces,
 * ideographs set apart, canonical decomposition without accents, lower case. Works one character at a time, so that each
 * keeps its span; a lone surrogate counts as U+FFFD.
 */
export function createBertNormalizer(options: BertNormalization): Normalizer {
  const { cleanText, handleChineseCharacters, stripAccents, lowercase } = options;
  const ascii = asciiTable(options);
  const spelled = new Map<number, Uint16Array>();
  let orderedMarks = 0;

  function spell(codePoint: number, kind: number): Uint16Array {
    const character = String.fromCodePoint(codePoint);
    let text = character;
    if (stripAccents && (kind & whole) === 0) {
      text = '';
      for (const part of character.normalize('NFD')) {
        if ((classOf(part.codePointAt(0) ?? 0) & mark) === 0) text += part;
      }
    }
    if (lowercase) {
      let lower = '';
      // One by one: the lower case of a whole string depends on context (final sigma), which the original ignores.
      for (const part of text) lower += part.toLowerCase();
      text = lower;
    }
    const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    spelled.set(codePoint, units);
    return units;
  }

  function normalizeOther(text: string, at: number, out: TextBuffer): number {
    let codePoint = text.codePointAt(at) ?? replacement;
    const end = at + (codePoint > 0xffff ? 2 : 1);
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) codePoint = replacement;
    const kind = classOf(codePoint);
    if (cleanText) {
      if (kind & removed) return end;
      if (kind & blank) {
        out.push(space, at, end);
        return end;
      }
    }
    if (kind & ordered) orderedMarks++;
    const apart = handleChineseCharacters && (kind & ideograph) !== 0;
    const units = spelled.get(codePoint) ?? spell(codePoint, kind);
    out.reserve(units.length + 2 + (text.length - at));
    if (apart) out.push(space, at, end);
    for (let i = 0; i < units.length; i++) out.push(units[i] ?? 0, at, end);
    if (apart) out.push(space, at, end);
    return end;
  }

  return {
    normalize(text, from, to, out) {
      const first = out.length;
      out.reserve(to - from + 2);
      orderedMarks = 0;
      for (let i = from; i < to; ) {
        const unit = text.charCodeAt(i);
        if (unit < 128) {
          const mapped = ascii[unit] ?? 0;
          if (mapped !== dropped) out.push(mapped, i, i + 1);
          i++;
        } else {
          i = normalizeOther(text, i, out);
        }
      }
      if (stripAccents && orderedMarks > 1) sortMarks(text, out, first);
    },
  };
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
