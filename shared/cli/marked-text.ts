import { styleText } from 'node:util';

type Colour = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;

const colours: Readonly<Record<string, Colour>> = {
  PER: 'cyan',
  ORG: 'yellow',
  LOC: 'green',
  MISC: 'magenta',
};
const others: readonly Colour[] = ['blueBright', 'redBright', 'greenBright', 'magentaBright'];

/** Colours text for standard output; it stays as it is where that shows none, or `NO_COLOR` is set (`FORCE_COLOR` overrides). */
export const inColour = (colour: Colour, text: string): string =>
  styleText(colour, text, { stream: process.stdout });

/** The colour of a type of entity, always the same. */
export function colourOf(type: string): Colour {
  const sum = [...type].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  return colours[type] ?? others[sum % others.length] ?? 'magenta';
}

/** Letters that a terminal obeys, or that turn the order of the others: controls of both sets, bidirectional marks. */
const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A text as it may be shown on a terminal, whatever it holds: line breaks are spaces, what a terminal would obey is a picture of it. */
export function harmless(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\n\t\u2028\u2029]/g, ' ')
    .replace(OBEYED, (letter) => {
      const code = letter.charCodeAt(0);
      if (code < 0x20) return String.fromCharCode(0x2400 + code);
      return code === 0x7f ? '\u2421' : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
    });
}

/** A span of a text; offsets are UTF-16 code units. */
export interface MarkedSpan {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** A text with its spans marked, such as `Ada Lovelace [PER] lived in London [LOC].`; of spans that overlap the first is. */
export function markedText(text: string, spans: readonly MarkedSpan[]): string {
  let marked = '';
  let from = 0;
  for (const { type, start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    if (start < from) continue;
    const label = `${harmless(text.slice(start, end))} [${harmless(type)}]`;
    marked += harmless(text.slice(from, start)) + inColour(colourOf(type), label);
    from = end;
  }
  return marked + harmless(text.slice(from));
}
