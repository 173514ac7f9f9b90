/** A record's bytes as they can be read. */
export interface Readable {
  /** JSON is laid out anew; text is as it came; of what is neither the bytes are listed. */
  readonly kind: 'JSON' | 'text' | 'bytes';
  readonly lines: readonly ReadableLine[];
}

/** One line, and whether it is of the field at fault. */
export interface ReadableLine {
  readonly text: string;
  readonly isAtFault: boolean;
}

/** Base64 as bytes. */
export const bytesOf = (base64: string): Uint8Array =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** Controls, directions and whatever else is not seen: spelled out, since here what cannot be seen may be what is wrong. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const spellOut = (text: string): string =>
  text.replace(UNSEEN, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `‹U+${code}›`;
  });

/**
 * Makes bytes readable.
 *
 * @param field at fault, such as `questions[2]` or `attributes.city`
 */
export function readableOf(bytes: Uint8Array, field?: string): Readable {
  const text = decode(bytes);
  if (text === undefined) return { kind: 'bytes', lines: hexLines(bytes) };
  try {
    return { kind: 'JSON', lines: jsonLines(JSON.parse(text), field) };
  } catch {
    const lines = text.split('\n').map((line) => ({ text: spellOut(line), isAtFault: false }));
    return { kind: 'text', lines };
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const ROW = 16;

/** Offset, bytes in hexadecimal, and what of them is ASCII. */
export function hexLines(bytes: Uint8Array): ReadableLine[] {
  return Array.from({ length: Math.ceil(bytes.length / ROW) }, (_, index) => {
    const row = [...bytes.subarray(index * ROW, (index + 1) * ROW)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = row
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
      .join('');
    const offset = (index * ROW).toString(16).padStart(5, '0');
    return { text: `${offset}  ${hex.padEnd(ROW * 3 - 1)}  ${ascii}`, isAtFault: false };
  });
}

/** JSON with a line for each value, those of the field at fault marked. */
function jsonLines(value: unknown, field: string | undefined): ReadableLine[] {
  const lines: ReadableLine[] = [];
  const put = (depth: number, text: string, path: string) =>
    lines.push({ text: '  '.repeat(depth) + spellOut(text), isAtFault: isWithin(path, field) });
  const write = (inner: unknown, depth: number, before: string, after: string, path: string) => {
    const isList = Array.isArray(inner);
    const entries = typeof inner === 'object' && inner !== null ? Object.entries(inner) : [];
    if (entries.length === 0) return put(depth, before + JSON.stringify(inner) + after, path);
    put(depth, before + (isList ? '[' : '{'), path);
    for (const [index, [name, item]] of entries.entries()) {
      const itemPath = isList ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
      const label = isList ? '' : `${JSON.stringify(name)}: `;
      write(item, depth + 1, label, index < entries.length - 1 ? ',' : '', itemPath);
    }
    put(depth, (isList ? ']' : '}') + after, path);
    return undefined;
  };
  write(value, 0, '', '', '');
  return lines;
}

/** Whether a place in a value is the field or lies in it. */
const isWithin = (path: string, field: string | undefined): boolean =>
  field !== undefined &&
  (path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`));
