/** Ranges of UTF-16 units by script, in order; only letters of living languages. */
const ranges: readonly (readonly [from: number, to: number, script: string])[] = [
  [0x41, 0x5a, 'Latn'],
  [0x61, 0x7a, 'Latn'],
  [0xaa, 0x24f, 'Latn'],
  [0x250, 0x2af, 'Latn'],
  [0x370, 0x3ff, 'Grek'],
  [0x400, 0x52f, 'Cyrl'],
  [0x531, 0x58f, 'Armn'],
  [0x5d0, 0x5f4, 'Hebr'],
  [0x620, 0x6ff, 'Arab'],
  [0x750, 0x77f, 'Arab'],
  [0x900, 0x97f, 'Deva'],
  [0x980, 0x9ff, 'Beng'],
  [0xa00, 0xa7f, 'Guru'],
  [0xa80, 0xaff, 'Gujr'],
  [0xb00, 0xb7f, 'Orya'],
  [0xb80, 0xbff, 'Taml'],
  [0xc00, 0xc7f, 'Telu'],
  [0xc80, 0xcff, 'Knda'],
  [0xd00, 0xd7f, 'Mlym'],
  [0xd80, 0xdff, 'Sinh'],
  [0xe00, 0xe7f, 'Thai'],
  [0xe80, 0xeff, 'Laoo'],
  [0xf00, 0xfff, 'Tibt'],
  [0x1000, 0x109f, 'Mymr'],
  [0x10a0, 0x10ff, 'Geor'],
  [0x1100, 0x11ff, 'Hang'],
  [0x1200, 0x139f, 'Ethi'],
  [0x1780, 0x17ff, 'Khmr'],
  [0x1800, 0x18af, 'Mong'],
  [0x1e00, 0x1eff, 'Latn'],
  [0x1f00, 0x1fff, 'Grek'],
  [0x3041, 0x30fa, 'Kana'],
  [0x30fc, 0x30ff, 'Kana'],
  [0x3105, 0x312f, 'Hani'],
  [0x3130, 0x318f, 'Hang'],
  [0x31f0, 0x31ff, 'Kana'],
  [0x3400, 0x4dbf, 'Hani'],
  [0x4e00, 0x9fff, 'Hani'],
  [0xac00, 0xd7af, 'Hang'],
  [0xf900, 0xfaff, 'Hani'],
  [0xff66, 0xff9d, 'Kana'],
];

/** Scripts (ISO 15924) in which one language is written far more than others. */
export const languageOfScript: Readonly<Record<string, string>> = {
  Armn: 'hy',
  Beng: 'bn',
  Ethi: 'am',
  Geor: 'ka',
  Grek: 'el',
  Gujr: 'gu',
  Guru: 'pa',
  Hang: 'ko',
  Hebr: 'he',
  Khmr: 'km',
  Knda: 'kn',
  Laoo: 'lo',
  Mlym: 'ml',
  Mymr: 'my',
  Orya: 'or',
  Sinh: 'si',
  Taml: 'ta',
  Telu: 'te',
  Thai: 'th',
  Tibt: 'bo',
};

/** Script of each unit of the basic plane, as an index into `names`; 0 for none. */
const names = ['', ...new Set(ranges.map(([, , script]) => script))];
const scripts = new Uint8Array(65_536);
for (const [from, to, script] of ranges) scripts.fill(names.indexOf(script), from, to + 1);
// Signs in the middle of Latin's letters.
for (const sign of [0xab, 0xd7, 0xf7]) scripts[sign] = 0;
for (let unit = 0xac; unit < 0xc0; unit++) scripts[unit] = unit === 0xb5 || unit === 0xba ? 1 : 0;

/** How many letters of each script a text has. */
export function countScripts(text: string): Map<string, number> {
  const counts = new Uint32Array(names.length);
  for (let index = 0; index < text.length; index++) {
    const script = scripts[text.charCodeAt(index)] ?? 0;
    counts[script] = (counts[script] ?? 0) + 1;
  }
  return new Map(
    names.flatMap((name, index): [string, number][] => {
      const count = counts[index] ?? 0;
      return index > 0 && count > 0 ? [[name, count]] : [];
    }),
  );
}
