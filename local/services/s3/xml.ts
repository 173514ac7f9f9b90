const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};
const UNESCAPES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** What an XML element holds: text, elements by name, or several of one name. */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | { [name: string]: XmlValue }
  | readonly XmlValue[];

/** An XML document of one root; members that are undefined are left out. */
export function xmlDocument(root: string, value: XmlValue): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, value, ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"')}`;
}

/** Text of every element of a name, in order; enough for the flat documents that S3 is sent. */
export function elementsOf(xml: string, name: string): string[] {
  const pattern = new RegExp(
    `<(?:\\w+:)?${name}(?:\\s[^>]*)?(?:/>|>([\\s\\S]*?)</(?:\\w+:)?${name}>)`,
    'g',
  );
  return [...xml.matchAll(pattern)].map((match) => match[1] ?? '');
}

/** Text with its entities resolved. */
export function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return UNESCAPES[name] ?? whole;
  });
}

function element(name: string, value: XmlValue, attributes = ''): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((one) => element(name, one)).join('');
  return `<${name}${attributes}>${content(value)}</${name}>`;
}

function content(value: XmlValue): string {
  if (value === null || typeof value !== 'object') {
    return String(value).replace(/[&<>"\r]/g, (c) => ESCAPES[c] ?? c);
  }
  return Object.entries(value)
    .map(([name, inner]) => element(name, inner))
    .join('');
}
