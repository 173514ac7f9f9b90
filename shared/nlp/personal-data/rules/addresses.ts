import type { Entity } from '../../types.ts';
import { betweenWords, formRule, type Rule, type Scan } from '../scan.ts';
import type { Finding } from '../types.ts';

/** Words as they are written: in lower case, with a capital, in capitals. */
const inAnyCase = (list: string) =>
  [
    ...new Set(
      list
        .split('|')
        .flatMap((one) => [
          one,
          one.replace(/(?<![\p{L}'])\p{L}/gu, (letter) => letter.toUpperCase()),
          one.toUpperCase(),
        ]),
    ),
  ].join('|');

const before = '(?<![\\p{L}\\p{M}\\p{N}_.,/#-])';
const after = '(?![\\p{L}\\p{M}\\p{N}_])';
const word = "[\\p{Lu}\\p{N}][\\p{L}\\p{M}\\p{N}.'’/-]{0,30}";
/** As `word`, for texts that have no capitals; short words that lead elsewhere are no part of a name. */
const plainWord =
  "(?!(?:the|a|an|in|of|on|to|and|or|for|at|is|was|my|our|this|that|minutes?|hours?|days?|miles?|blocks?)\\b)[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}.'’/-]{0,30}";
const small = `(?:${inAnyCase(
  'de|du|des|del|della|di|da|do|dos|das|la|le|les|el|los|las|of|the|van|von|der|den|y|e|et|und|and|i|na|pod|vom|zum|zur|am|an',
)})`;
const number = '\\d{1,6}[A-Za-z]?(?:[-/]\\d{1,5}[A-Za-z]?)?';
const unitWord = `(?:${inAnyCase(
  'apt|apartment|appt|suite|ste|unit|flat|room|rm|floor|building|bldg|block|box|lot|dpto|piso|apto|bloco|wohnung|whg|étage|etage|lägenhet|lgh|interno',
)})`;
const unit = `${unitWord}\\.? ?#? ?\\d{1,5}[A-Za-z]?`;

const typesAfterName = inAnyCase(
  'street|str|st|avenue|ave|av|road|rd|boulevard|blvd|drive|dr|lane|ln|court|ct|circle|cir|place|pl|square|sq|terrace|ter|trail|trl|parkway|pkwy|highway|hwy|way|close|crescent|cres|grove|gardens|gdns|mews|row|hill|park|parade|walk|turnpike|pike|alley|plaza|loop|run|ridge|heights|hts|crossing|expressway|freeway|bypass|causeway|rise|green|quay|wharf|yard|glen|view|meadow|meadows|manor|mount|mountain|point|canyon|creek|springs|village|station|junction|landing|course|chase|gate|drove|embankment|utca|út|útja|tér|körút|sokak|caddesi|cad|sok|mahallesi|tee|tänav|puiestee|gatve|iela|ielā|prospekts',
);
const typesBeforeName = inAnyCase(
  'rue|avenue|av|avda|boulevard|bd|bld|place|chemin|allée|allee|impasse|quai|route|cours|via|viale|piazza|piazzale|corso|largo|vicolo|strada|calle|c/|cl|carrera|cra|avenida|plaza|paseo|camino|carrer|ronda|travesía|rua|r\\.|travessa|praça|praca|estrada|alameda|rodovia|bulevardul|bd|calea|strada|str|aleea|ul|ulica|ulice|al|aleja|os|osiedle|plac|pl|náměstí|nábřeží|třída|trg|ул|улица|проспект|пр-т|пер|переулок|бул|οδός|οδος|λεωφόρος|jalan|jl|am|an der|auf der|in der|im|alte|neue',
);
const suffixes = inAnyCase(
  'straße|strasse|straat|str\\.|weg|wegs|platz|gasse|allee|damm|ufer|steig|stieg|graben|hof|laan|plein|kade|gracht|singel|dijk|dreef|gatan|gata|gaten|gade|vägen|vägg|veien|vegen|veg|vei|vej|väg|vægen|stien|stigen|stræde|allé|plads|plass|torg|torget|backen|backe|gränd|katu|tie|kuja|polku|raitti|rinne|bulevardi|tänav|stræti|braut|vegur|gerði|hlíð|bakki|utca',
);

const boxes = inAnyCase(
  'po box|PO Box|P.O. Box|p.o. box|p. o. box|pobox|post box|postbox|postbus|postfach|postboks|apartado|caixa postal|boks|boîte postale|casella postale|skrytka pocztowa|postilokero',
).replaceAll('.', '\\.');
/** The end of a word, so that a run of capitals or digits is one word and not many. */
const ended = "(?: |(?![\\p{L}\\p{M}\\p{N}.'’/-]))";

/** Postcodes of the shapes that countries have, where something else says that it is one. */
const postcode =
  '(?:[A-Z]{1,3}[- ])?(?:\\d{5}-\\d{3,4}|\\d{4}-\\d{3}|\\d{3} \\d{2}|\\d{2}-\\d{3}|\\d{4,6}(?: [A-Z]{2}(?![\\p{L}]))?|\\d{3,4})(?![\\d-]| \\d)|[A-Z]{1,2}\\d[A-Z\\d]? ?\\d[A-Z]{2}(?![\\p{L}\\d])|[A-Z]\\d[A-Z] ?\\d[A-Z]\\d(?![\\p{L}\\d])';

function coresOf(name: string): readonly (readonly [pattern: string, score: number])[] {
  return [
    // 24 Clarke Avenue; 6750 North 3rd St.
    [
      `${before}(?:${number},? ){1,2}(?:(?:${name}|${small}) ){1,5}?(?:${typesAfterName})${after}\\.?(?: ${number}${after})?`,
      0.85,
    ],
    // Hauptstraße 5; 1234 Storgatan 5
    [
      `${before}(?:${number} )?(?:${name} ){0,3}?[\\p{L}][\\p{L}\\p{M}.'’-]{2,30}(?:${suffixes}) ?${number}${after}`,
      0.85,
    ],
    [`${before}\\d{1,5} [\\p{L}][\\p{L}\\p{M}.'’-]{2,30}(?:${suffixes})${after}`, 0.7],
    // 36 rue de Pologne; Via Roma 12; Calle de Alcalá, 5
    [
      `${before}(?:${number},? ){1,2}(?:bis |ter )?(?:${typesBeforeName})\\.? (?:(?:${name}|${small}|l'[\\p{L}]{1,20}|d'[\\p{L}]{1,20})${ended}){1,6}(?:,? ?${number}${after})?`,
      0.85,
    ],
    [
      `${before}(?:${typesBeforeName})\\.? (?:(?:${name}|${small})${ended}){1,6}?,? (?:n[.º°]{0,2} ?|nr\\.? ?|č\\. ?)?${number}${after}`,
      0.7,
    ],
    // 5100 Quadra 104, Suite 845
    [
      `${before}${number} (?:(?:${name}|${small})${ended}){1,6}?(?:[ ,]|\\s{1,4}>?)\\s{0,4}${unit}${after}`,
      0.85,
    ],
    // PO Box 12; PSC 3294, Box 9168; APO AA 61487
    [`${before}(?:${number} )?(?:${boxes}) ?\\d{1,6}${after}`, 0.85],
    [`${before}(?:${inAnyCase('psc|unit|cmr')}) \\d{1,5},? (?:box|Box|BOX) \\d{1,5}${after}`, 0.85],
    [
      `${before}(?:(?:USS|USNS|uss|usns) [\\p{L}]{2,20}\\s{1,3})?(?:[ADF]PO,? A[AEP]|[adf]po,? a[aep]),? \\d{5}(?:-\\d{4})?${after}`,
      0.85,
    ],
    // the corner of Elm Street and 5th Avenue
    [
      `${before}(?:[Tt]he )?corner of (?:(?:${name}|${small}) ){1,6}(?:and|&) (?:${name} ){0,5}(?:${typesAfterName})${after}\\.?`,
      0.7,
    ],
  ];
}

const compile = (cores: ReturnType<typeof coresOf>) =>
  cores.map(([pattern, score]) => ({ pattern: betweenWords(new RegExp(pattern, 'gmu')), score }));
const inCapitals = compile(coresOf(word));
const inLowerCase = compile(coresOf(plainWord));

/** After the words for an address: a number and what follows it. */
const toldOf = (name: string) =>
  new RegExp(
    `[ \\t]{0,4}(?:is|are|to|the|same|with|here|they|following)?[:,?]?\\s{0,12}(?=\\d{1,6}[A-Za-z]? [\\p{L}])(${number}(?: (?:${name}|${small})){1,10}?)(?=\\s{0,8}(?:[,\\n.?!]|$|${unit})| (?:for|in|after|and|please|because|by|on|with|last|today)${after})`,
    'uy',
  );
const toldInCapitals = toldOf(word);
const toldInLowerCase = toldOf(plainWord);

const step = {
  separator: /(?:[ \t]*[,\n][ \t\n,>?]{0,12}|[ \t]+)/uy,
  unit: new RegExp(`${unit}${after}`, 'uy'),
  postcode: new RegExp(postcode, 'uy'),
  state: /[A-Z]{2}\.?(?=[\s,.]|$)/uy,
  place:
    /\p{Lu}(?:[\p{L}\p{M}'’-]|\.(?=\S)){1,30}(?: (?:\p{Lu}|d[eoi]s? |la |le |du |am |an )(?:[\p{L}\p{M}'’-]|\.(?=\S)){0,30}){0,4}(?= ?\(|[ \t]*[,\n]|[.?!](?:\s|$)|\s\d|$)/uy,
};

/** Longest part that may follow a street: a place of some words. */
const STEPS = 12;

/** Postal addresses: a street with its number, and the unit, place, postcode and country that follow. */
export const addresses: Rule = function* findAddresses(scan) {
  const { text, lowered } = scan;
  if (!/\d/.test(text) && !lowered.includes('corner of')) return;
  const cores: Finding[] = [];
  const hasCapitals = text !== lowered;
  const kind = 'ADDRESS';
  for (const { pattern, score } of hasCapitals ? inCapitals : inLowerCase) {
    for (const { 0: value, index } of text.matchAll(pattern)) {
      // A season or a term and its year.
      if (/^[^\d]*\b(?:19|20)\d{2}$/.test(value)) continue;
      cores.push({
        kind,
        rule: 'street',
        start: index,
        end: index + value.trimEnd().length,
        score,
      });
    }
  }
  const told = hasCapitals ? toldInCapitals : toldInLowerCase;
  for (const from of scan.cues.endsOf('address')) {
    told.lastIndex = from;
    const found = told.exec(text);
    const value = found?.[1];
    if (!found || value === undefined) continue;
    const end = from + found[0].length;
    cores.push({ kind, rule: 'near-words', start: end - value.length, end, score: 0.7 });
  }
  const places = new Map(
    scan.entities.filter(isPlace).map(({ start, end }): [number, number] => [start, end]),
  );
  cores.sort((a, b) => a.start - b.start || b.end - a.end);
  let covered = -1;
  for (const core of cores) {
    if (core.end <= covered) continue;
    const end = extend(text, core.end, places);
    covered = Math.max(covered, end);
    yield { ...core, end };
  }
};

function isPlace({ type }: Entity): boolean {
  return type === 'LOC' || type === 'GPE' || type === 'LOCATION';
}

/** The end of the address that a street begins: what follows it part by part, as far as it is known to belong there. */
function extend(text: string, from: number, places: ReadonlyMap<number, number>): number {
  let end = from;
  let parted = false;
  for (let count = 0; count < STEPS; count++) {
    step.separator.lastIndex = end;
    const separator = step.separator.exec(text)?.[0];
    if (separator === undefined) break;
    const at = end + separator.length;
    parted = /[,\n]/.test(separator);
    const next =
      matchAt(step.unit, text, at) ??
      places.get(at) ??
      matchAt(step.postcode, text, at) ??
      (parted || end > from ? matchAt(step.state, text, at) : undefined) ??
      (parted ? matchAt(step.place, text, at) : undefined);
    if (next === undefined) break;
    end = next;
    if (text.startsWith(' (', end)) {
      const bracket = text.indexOf(')', end);
      if (bracket >= 0 && bracket - end < 24) end = bracket + 1;
    }
  }
  return end;
}

function matchAt(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found ? at + found[0].length : undefined;
}

/** Units by themselves, and postcodes: by their form, by the words for them, or after a place. */
const forms = formRule([
  {
    kind: 'ADDRESS',
    rule: 'unit',
    pattern: new RegExp(
      `${before}(?:apt|apartment|suite|ste|flat)\\.? ?#? ?\\d{1,5}[A-Za-z]?${after}`,
      'giu',
    ),
    score: 0.5,
  },
  {
    kind: 'POSTAL_CODE',
    rule: 'gb-postcode',
    country: 'GB',
    pattern:
      /(?<![\p{L}\p{N}_-])(?:GIR 0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d|[A-HK-Y]\d\d|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRV-Y]) \d[ABD-HJLNP-UW-Z]{2})(?![\p{L}\p{N}_-])/gu,
    score: 0.85,
  },
  {
    kind: 'POSTAL_CODE',
    rule: 'ca-postcode',
    country: 'CA',
    pattern:
      /(?<![\p{L}\p{N}_-])[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] \d[ABCEGHJ-NPRSTV-Z]\d(?![\p{L}\p{N}_-])/gu,
    score: 0.85,
  },
  {
    kind: 'POSTAL_CODE',
    rule: 'us-zip',
    country: 'US',
    pattern:
      /(?<=(?<![\p{L}\p{N}])(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]),? )\d{5}(?:-\d{4})?(?![\p{L}\p{N}_-])/gu,
    score: 0.85,
  },
  {
    kind: 'POSTAL_CODE',
    rule: 'jp-postcode',
    country: 'JP',
    pattern: /〒 ?\d{3}[-－]?\d{4}(?!\d)/gu,
    score: 0.95,
  },
  {
    kind: 'POSTAL_CODE',
    rule: 'near-words',
    pattern:
      /(?<![\p{L}\p{N}_.,-])(?:[A-Z]{1,2}-)?(?:\d{5}-\d{3,4}|\d{4}-\d{3}|\d{3}[- ]\d{4}|\d{3} \d{2}|\d{2}-\d{3}|\d{3,6}|\d{4} ?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)(?![\p{L}\p{N}_]|[.,-]\d)/giu,
    cue: ['postal', 14],
    score: 0.85,
  },
]);

const afterPlace =
  /[ ,]{1,2}(?=\d)(?:\d{5}(?:-\d{3,4})?|\d{4}-\d{3}|\d{2}-\d{3}|\d{3} \d{2}|\d{4})(?![\p{L}\p{N}_%°]|[-.,:/]\d)/uy;

/** A postcode after a place's name; four digits that can be a year are none. */
function* postcodesAfterPlaces({ text, entities }: Scan): Generator<Finding> {
  for (const entity of entities) {
    if (!isPlace(entity)) continue;
    afterPlace.lastIndex = entity.end;
    const found = afterPlace.exec(text)?.[0];
    const value = found?.replace(/^[ ,]+/, '');
    if (!found || !value || /^(?:1[5-9]|20)\d{2}$/.test(value)) continue;
    const end = entity.end + found.length;
    yield { kind: 'POSTAL_CODE', rule: 'after-place', start: end - value.length, end, score: 0.5 };
  }
}

/** Where somebody lives. */
export const addressRules: readonly Rule[] = [addresses, forms, postcodesAfterPlaces];
