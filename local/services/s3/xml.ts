const XMLNS = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const TOKEN = /<([^<>]*)>|[^<]+/y;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** What an XML element holds: text, elements by name, or several of one name. */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | { [name: string]: XmlValue }
  | readonly XmlValue[];

/** An XML document of one root; members that are undefined are left out. Errors have no namespace, as on AWS. */
export function xmlDocument(root: string, value: XmlValue): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, value, root === 'Error' ? '' : XMLNS)}`;
}

function element(name: string, value: XmlValue, attributes = ''): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((one) => element(name, one)).join('');
  return `<${name}${attributes}>${content(value)}</${name}>`;
}

function content(value: XmlValue): string {
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, inner]) => element(name, inner))
      .join('');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may hold them, and XML has no other form for them
  return String(value).replace(/[&<>"\u0000-\u0008\u000b-\u001f]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** An element of a document that came in. */
export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

/** Reads a document of elements and text, token by token, so in linear time; undefined where it is not well-formed. */
export function parseXml(xml: string): XmlElement | undefined {
  const root: XmlElement = { name: '', text: '', children: [] };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < xml.length) {
    const token = TOKEN.exec(xml);
    const current = open.at(-1);
    if (token === null || current === undefined) return undefined;
    const [text, tag] = token;
    if (tag === undefined) {
      current.text += text;
    } else if (tag.startsWith('/')) {
      if (open.pop()?.name !== localName(tag.slice(1))) return undefined;
    } else if (!tag.startsWith('?')) {
      const child: XmlElement = { name: localName(tag), text: '', children: [] };
      current.children.push(child);
      if (!tag.endsWith('/')) open.push(child);
    }
  }
  return open.length === 1 && root.children.length === 1 ? root.children[0] : undefined;
}

/** A tag's name without its prefix and attributes. */
function localName(tag: string): string {
  const name = tag.split(/[\s/]/, 1)[0] ?? '';
  return name.slice(name.indexOf(':') + 1);
}

/** Text of an element's first child of a name, its entities resolved. */
export function childText({ children }: XmlElement, name: string): string | undefined {
  return children
    .find((child) => child.name === name)
    ?.text.replace(
      /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi,
      (whole, hex, decimal, named) => {
        if (named !== undefined) return ENTITIES[named] ?? whole;
        const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
        return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
      },
    );
}
