const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** What an XML element holds: text, or elements by name, several of one name as a list; what is undefined is left out. */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | XmlValue[]
  | { [name: string]: XmlValue };

/** An answer that is an XML document of one root. S3's errors have no namespace, as on AWS. */
export function xmlAnswer(
  root: string,
  value: XmlValue,
  namespace = root === 'Error' ? '' : S3_NAMESPACE,
  type = 'application/xml',
) {
  const attributes = namespace === '' ? '' : ` xmlns="${namespace}"`;
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attributes}>${content(value)}</${root}>`;
  return { headers: { 'content-type': type }, body };
}

function content(value: XmlValue): string {
  if (typeof value === 'object') {
    return Object.entries(value)
      .flatMap(([name, inner]) => [inner].flat().map((one) => element(name, one)))
      .join('');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may hold them, and XML has no other form for them
  return String(value).replace(/[&<>"\u0000-\u0008\u000b-\u001f]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function element(name: string, value: XmlValue): string {
  return value === undefined ? '' : `<${name}>${content(value)}</${name}>`;
}

/** An element's text with its entities resolved. */
export function xmlText(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi,
    (whole, hex, decimal, named) => {
      if (named !== undefined) return ENTITIES[named] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
