import type { Normalizer } from '../stages.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { codePointAt } from '../unicode/code-point.ts';
import { graphemeClass, graphemeClassOf } from '../unicode/grapheme-class.ts';
import { Charsmap, type Replacement } from './charsmap.ts';

const { extender, prepended, control } = graphemeClass;
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
/** Below it no character belongs to the one before. */
const FIRST_EXTENDER = 0x300;
/** A cluster of so many bytes of UTF-8, or more, is replaced character by character. */
const LONG = 6;
/** Marks ASCII characters that have a rule of another kind than one character for one. */
const OTHER = 0xffff;
const printable = /^[ -~]*$/;

/**
 * SentencePiece's normalization as Hugging Face tokenizers apply it: a rule that fits the beginning of a short grapheme cluster
 * replaces all of it; otherwise every character is replaced by itself. What the rules remove is counted to the character
 * before it, so that spans stay right; at the beginning of a text, where the original loses count, it is left out.
 *
 * @throws {ModelError} where the map is malformed.
 */
export function createPrecompiled(charsmap: string): Normalizer {
  const rules = new Charsmap(charsmap);
  const key = new Uint8Array(2 * LONG);
  const single = new Map<number, Replacement | null>();
  const ascii = Uint16Array.from({ length: 128 }, (_, code) => {
    const { units } = ruleFor(code) ?? { units: [code] };
    return code === CARRIAGE_RETURN || units.length !== 1 ? OTHER : (units[0] ?? OTHER);
  });
  const keepsPrintable = ascii.every(
    (mapped, code) => code < 0x20 || code > 0x7e || mapped === code,
  );
  /** Start of each character of the cluster at hand, and of what follows it. */
  const starts = new Int32Array(LONG + 1);
  /** Where in the output the last character begins, if it shares its span with the one before it; else -1. */
  let shared = -1;

  function ruleFor(codePoint: number): Replacement | null {
    let rule = single.get(codePoint);
    if (rule === undefined) {
      rule = rules.shortest(key, encode(codePoint, key, 0)) ?? null;
      single.set(codePoint, rule);
    }
    return rule;
  }

  /** Writes a rule's text for `count` characters, whose starts are in `starts`; leaves room for what is `left` of the text. */
  function replace({ units }: Replacement, count: number, left: number, out: TextBuffer): void {
    out.reserve(units.length + left);
    if (units.length === 0) {
      // What is removed after a character that was added takes its place among the spans.
      if (shared !== -1) {
        for (let i = shared; i < out.length; i++) {
          out.starts[i] = starts[0] ?? 0;
          out.ends[i] = starts[1] ?? 0;
        }
      }
      shared = -1;
      return;
    }
    let index = -1;
    for (let i = 0; i < units.length; i++) {
      const unit = units[i] ?? 0;
      if ((unit & 0xfc00) !== 0xdc00) {
        index++;
        shared = index < count ? -1 : out.length;
      }
      const place = Math.min(index, count - 1);
      out.push(unit, starts[place] ?? 0, starts[place + 1] ?? 0);
    }
  }

  function replaceCharacter(text: string, at: number, to: number, out: TextBuffer): number {
    const codePoint = codePointAt(text, at);
    const end = at + (codePoint > 0xffff ? 2 : 1);
    const rule = ruleFor(codePoint);
    if (rule === null) {
      shared = -1;
      if (codePoint > 0xffff) {
        out.push(text.charCodeAt(at), at, end);
        out.push(text.charCodeAt(at + 1), at, end);
      } else {
        out.push(codePoint, at, end);
      }
    } else {
      starts[0] = at;
      starts[1] = end;
      replace(rule, 1, to - end, out);
    }
    return end;
  }

  /** Writes the cluster that starts at a place, and gives its end. */
  function replaceCluster(text: string, from: number, to: number, out: TextBuffer): number {
    const end = clusterEnd(text, from, to);
    let bytes = 0;
    let count = 0;
    for (let at = from; at < end && bytes < LONG; count++) {
      const codePoint = codePointAt(text, at);
      starts[count] = at;
      at += codePoint > 0xffff ? 2 : 1;
      starts[count + 1] = at;
      bytes = encode(codePoint, key, bytes);
    }
    const rule = count > 1 && bytes < LONG ? rules.shortest(key, bytes) : undefined;
    if (rule) {
      replace(rule, count, to - end, out);
    } else {
      for (let at = from; at < end; ) at = replaceCharacter(text, at, to, out);
    }
    return end;
  }

  return {
    keeps: (text) => keepsPrintable && printable.test(text),
    normalize(text, from, to, out) {
      shared = -1;
      out.reserve(to - from);
      for (let i = from; i < to; ) {
        const unit = text.charCodeAt(i);
        const mapped = unit < 128 ? (ascii[unit] ?? OTHER) : OTHER;
        if (mapped !== OTHER && (i + 1 === to || text.charCodeAt(i + 1) < FIRST_EXTENDER)) {
          out.push(mapped, i, i + 1);
          shared = -1;
          i++;
        } else {
          i = replaceCluster(text, i, to, out);
        }
      }
    },
  };
}

/** Where the grapheme cluster ends; conjoined syllables and emoji are cut, since they are long however they are cut. */
function clusterEnd(text: string, from: number, to: number): number {
  let codePoint = codePointAt(text, from);
  let end = from + (codePoint > 0xffff ? 2 : 1);
  if (codePoint === CARRIAGE_RETURN && end < to && text.charCodeAt(end) === LINE_FEED)
    return end + 1;
  let kind = graphemeClassOf(codePoint);
  while (end < to && !(kind & control)) {
    codePoint = codePointAt(text, end);
    const next = graphemeClassOf(codePoint);
    if (!(next & extender) && (!(kind & prepended) || next & control)) break;
    end += codePoint > 0xffff ? 2 : 1;
    kind = next & extender ? 0 : next;
  }
  return end;
}

/** Writes a character's UTF-8 at `at`, as far as there is room; gives the place after it. */
function encode(codePoint: number, bytes: Uint8Array, at: number): number {
  if (codePoint < 0x80) {
    bytes[at] = codePoint;
    return at + 1;
  }
  const more = codePoint < 0x800 ? 1 : codePoint < 0x10000 ? 2 : 3;
  bytes[at] = ((0xff00 >> (more + 1)) & 0xff) | (codePoint >> (6 * more));
  for (let i = 1; i <= more; i++) {
    bytes[at + i] = 0x80 | ((codePoint >> (6 * (more - i))) & 0x3f);
  }
  return at + more + 1;
}
