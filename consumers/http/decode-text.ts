import { TextDecoder } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { MAXIMUM_TEXT_BYTES } from '#shared/contracts/text-record.ts';
import { ValidationError } from '#shared/errors.ts';

/** Largest object that is read, as it lies there and unpacked: no encoding takes four times what UTF-8 does for as large a text. */
export const MAXIMUM_OBJECT_BYTES = 4 * MAXIMUM_TEXT_BYTES;

/** What an object says of itself in its headers. */
export interface ObjectHeaders {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
}

/** What S3 and its clients say of an object where nobody said what it is. */
const UNSAID = ['', 'binary/octet-stream', 'application/octet-stream'];

/** A mark at the beginning says more than any header, as browsers have it. */
const MARKS: readonly [charset: string, mark: readonly number[]][] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16be', [0xfe, 0xff]],
  ['utf-16le', [0xff, 0xfe]],
];

/**
 * The text of an object, by the charset of its content type (UTF-8 unless said), unpacked where its content encoding says so.
 *
 * @throws {ValidationError} naming `object`: no text, an unknown charset or encoding, bytes that are not what they are said to be;
 *   `too-large` where it unpacks to more than may be read
 */
export function decodeText(bytes: Uint8Array, headers: ObjectHeaders): string {
  const charset = charsetOf(headers.contentType);
  const plain = unpack(bytes, headers.contentEncoding);
  const marked = MARKS.find(([, mark]) => mark.every((byte, at) => plain[at] === byte))?.[0];
  const decoder = decoderOf(marked ?? charset);
  try {
    const text = decoder.decode(plain);
    return decoder.encoding === 'windows-1252' ? withWindowsMarks(text) : text;
  } catch (cause) {
    const hint = 'its content type says which charset it is in';
    throw objectError(`is not valid ${decoder.encoding}: ${hint}`, { cause });
  }
}

/** What bytes 0x80 to 0x9f are in windows-1252; those that are nothing there stay the control characters that they are. */
const WINDOWS_MARKS = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Some versions of Node decode windows-1252, which ISO 8859-1 is taken for, without these. */
const withWindowsMarks = (text: string): string =>
  text.replace(/[\x80-\x9f]/g, (mark) => WINDOWS_MARKS.charAt(mark.charCodeAt(0) - 0x80));

/** A fault of the object that a call names. */
export const objectError = (
  what: string,
  options?: ErrorOptions & { code?: string },
): ValidationError => new ValidationError('object', `object ${what}`, options);

/** An object, or what it unpacks to, over the limit. */
export const objectTooLarge = (cause?: unknown): ValidationError =>
  objectError(`must be at most ${MAXIMUM_OBJECT_BYTES} bytes`, { code: 'too-large', cause });

function charsetOf(contentType = ''): string {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!UNSAID.includes(type) && !type.startsWith('text/')) {
    throw objectError(`is no text: its content type is ${type}`);
  }
  return /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1] ?? 'utf-8';
}

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch (cause) {
    throw objectError(`is in a charset that is not known: ${charset}`, { cause });
  }
}

function unpack(bytes: Uint8Array, contentEncoding = ''): Uint8Array {
  const encodings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => !['', 'identity', 'aws-chunked'].includes(encoding));
  if (encodings.length === 0) return bytes;
  if (encodings.length > 1 || !/^(x-)?gzip$/.test(encodings[0] ?? '')) {
    throw objectError(`has a content encoding other than gzip: ${encodings.join(', ')}`);
  }
  try {
    return gunzipSync(bytes, { maxOutputLength: MAXIMUM_OBJECT_BYTES });
  } catch (cause) {
    const isTooLarge = cause instanceof RangeError;
    throw isTooLarge ? objectTooLarge(cause) : objectError('is not valid gzip', { cause });
  }
}
