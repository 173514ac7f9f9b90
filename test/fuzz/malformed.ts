import { gzipSync } from 'node:zlib';
import { taskNames } from '#shared/nlp/types.ts';
import { encodeAggregate } from '../../fixtures/texts/encode-aggregate.ts';

/** A random number from 0 up to 1, the same sequence for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Times as other programs write them, and what only looks like one. */
const ODD_TIMES = [
  '2026-01-31T12:00:00Z',
  '2026-01-31T12:00Z',
  '2026-01-31T12:00:00+0000',
  '2026-01-31T12:00:00+00',
  '2026-01-31T12:00:00.123456789Z',
  '2026-01-31T12:00:00',
  '2026-02-30T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2016-12-31T23:59:60Z',
  '+275760-09-13T00:00:00.001Z',
  '-000000-01-01T00:00:00Z',
  '1769860800',
];
/** Characters that nobody sees. */
const INVISIBLE = ['\u200b', '\u3164', '\u2060', '\ufeff', '\u0000', '\u00ad', '\u{e0001}'];
/** Names that every object of JavaScript has already. */
const OWN_PROPERTIES = [
  'constructor',
  'toString',
  'hasOwnProperty',
  '__proto__',
  'valueOf',
  'then',
];

const ODD_KEYS = [
  () => '',
  () => undefined,
  () => null,
  () => 7,
  () => ({}),
  () => 'k'.repeat(256),
  () => 'k'.repeat(257),
  () => '\u{1f600}'.repeat(256),
  () => '\ud800',
  () => '\u0000',
  () => '__proto__',
  () => {
    throw new TypeError('no key');
  },
];

/** Tags of languages, and what only looks like one. */
const ODD_LANGUAGES = [
  'EN',
  'zh-Hant-TW',
  'und',
  'x-private',
  'eng',
  'de_DE',
  'root',
  'mul',
  'i-klingon',
];
/** Stands in texts, questions and attributes; must not be stored where personal data is hidden. */
export const SECRET = 'grace.hopper@example.com';

const RECORD_FIELDS = [
  'id',
  'text',
  'source',
  'questions',
  'createdAt',
  'attributes',
  'tasks',
  'language',
];

/** Paths of the calls that take a body, with the fields that belong in it. */
const BODIES = [
  ['/v1/entities', ['text', 'id', 'store']],
  ['/v1/entities', ['texts', 'id', 'store']],
  ['/v1/answers', ['context', 'question', 'topK', 'id', 'store']],
  [
    '/v1/analyze',
    ['text', 'questions', 'createdAt', 'attributes', 'tasks', 'language', 'id', 'store'],
  ],
  ['/v1/labels', ['texts', 'language', 'id', 'store']],
  ['/v1/tags', ['text', 'language', 'id', 'store']],
  ['/v1/pii', ['texts', 'mode', 'language', 'id', 'store']],
  ['/v1/pii', ['object', 'mode', 'language', 'id', 'store']],
  ['/v1/answers', ['object', 'question', 'topK', 'id', 'store']],
] as const;

const REQUIRED = new Set(['id', 'text', 'texts', 'context', 'object', 'question']);

const ODD_ADDRESSES = [
  's3://other/a',
  's3://intake/../other',
  's3://intake',
  's3://intake/',
  's3:///a',
  'http://intake/a',
];
const ODD_TYPES = [
  undefined,
  '',
  'text/plain',
  'binary/octet-stream',
  'image/png',
  'text/plain;charset=utf-16be',
  'text/plain; charset="shift_jis"',
  'text/csv;charset=;charset=gb18030',
  'text/plain; charset=windows-1252',
  'text/plain; charset=klingon',
  ';',
];

/** Makes malformed and well-formed input that resembles what the contracts ask for. */
export function createMaker(random: () => number) {
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;

  const oddText = (): string =>
    pick<() => string>([
      () => 'Ada met Bob in Paris.',
      () => '',
      () => ' \t\n',
      () => '\u0000\u0000',
      () => '\ud800 alone',
      () => 'alone \udfff',
      () => '\u{1f600}\u200d\u{1f525}'.repeat(1 + below(50)),
      () => 'x'.repeat(below(3_000)),
      () => 'é'.repeat(pick([51_200, 51_201])),
      () => '__proto__',
      () => 'constructor',
      () => 'POISON',
      () => pick(ODD_TIMES),
      () => pick(INVISIBLE).repeat(1 + below(20)),
      () => pick(OWN_PROPERTIES),
      () => String.fromCharCode(...Array.from({ length: below(40) }, () => below(0x10000))),
    ])();

  let level = 0;
  const literal = (): string => {
    level++;
    const made = level > 4 ? 'null' : oddValue();
    level--;
    return made;
  };
  const oddValue = (): string =>
    pick<() => string>([
      () => JSON.stringify(oddText()),
      () => JSON.stringify(oddText()),
      () => pick(['null', 'true', 'false', '-0', '0', '1', '1e999', '-1e999', '1e-999']),
      () => '9'.repeat(1 + below(400)),
      () => {
        const depth = below(pick([3, 40, 20_000]));
        return `${'['.repeat(depth)}${']'.repeat(depth)}`;
      },
      () => {
        const depth = below(pick([3, 40, 5_000]));
        return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
      },
      () => `[${Array.from({ length: below(12) }, () => literal()).join(',')}]`,
      () => object(['a', '__proto__', 'constructor', 'toString'], 0.5),
    ])();

  const sound: Record<string, () => string> = {
    id: () => `"r${below(1e6)}"`,
    text: () =>
      random() < 0.9
        ? pick(['"Ada met Bob in Paris."', `"Ada wrote to ${SECRET}."`])
        : pick(['"POISON"', JSON.stringify('é'.repeat(pick([51_200, 51_201])))]),
    texts: () => `["Ada met ${SECRET}.","Paris"]`,
    context: () => '"Ada met Bob."',
    object: () => JSON.stringify(random() < 0.8 ? `s3://intake/${SECRET}` : pick(ODD_ADDRESSES)),
    question: () => '"Who?"',
    questions: () => pick(['["Who?"]', `["Who is ${SECRET}?"]`]),
    tasks: () => JSON.stringify(taskNames.filter(() => random() < 0.5)),
    language: () => JSON.stringify(random() < 0.7 ? pick(['en', 'ja']) : pick(ODD_LANGUAGES)),
    mode: () => JSON.stringify(pick(['mask', 'type', 'hash'])),
    source: () => '"news"',
    createdAt: () => JSON.stringify(random() < 0.7 ? ODD_TIMES[0] : pick(ODD_TIMES)),
    attributes: () =>
      random() < 0.5
        ? `{"a":"b","${SECRET}":"${SECRET}"}`
        : `{${JSON.stringify(pick(OWN_PROPERTIES))}:"b","a":"b"}`,
    topK: () => '2',
    store: () => 'false',
  };

  const soundValue = (field: string): string =>
    Object.hasOwn(sound, field) ? (sound[field]?.() ?? literal()) : literal();

  /** A JSON object of some of these fields; each value is odd with that probability. */
  function object(fields: readonly string[], odd: number): string {
    const pairs = fields.flatMap((field) => {
      if (random() < 0.3 && !REQUIRED.has(field)) return [];
      const value = random() < odd ? literal() : soundValue(field);
      return [`${JSON.stringify(field)}:${value}`];
    });
    if (random() < odd / 4) pairs.push(`"__proto__":${literal()}`, `"constructor":${literal()}`);
    return `{${pairs.join(',')}}`;
  }

  const json = (fields: readonly string[]): string =>
    random() < 0.1 ? literal() : object(fields, pick([0, 0.1, 0.5]));

  function damage(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    switch (below(4)) {
      case 0:
        return copy.subarray(0, below(copy.length + 1));
      case 1:
        for (let times = 1 + below(4); times > 0 && copy.length > 0; times--) {
          copy[below(copy.length)] = below(256);
        }
        return copy;
      case 2:
        return Buffer.concat([copy, Buffer.from([below(256)])]);
      default:
        return Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc2]), copy]);
    }
  }

  const plain = (): Buffer => Buffer.from(json(RECORD_FIELDS));
  const aggregate = (): Buffer =>
    Buffer.from(
      encodeAggregate(
        Array.from({ length: 1 + below(6) }, () => ({
          partitionKey: oddText().slice(0, 20),
          data: random() < 0.8 ? plain() : damage(plain()),
        })),
      ),
    );

  return {
    /** A path and a body that is, or resembles, what it takes. */
    request: (): { path: string; body: string } => {
      const [path, fields] = pick(BODIES);
      return { path: random() < 0.9 ? path : pick(BODIES)[0], body: json(fields) };
    },
    pick,
    below,
    damage,
    /** An object of a bucket, whose bytes are, or resemble, what its headers say. */
    stored: () => {
      const text = Buffer.from(pick(['Ada met Bob.', `Ada wrote to ${SECRET}.`, oddText()]));
      const bytes = pick([() => text, () => gzipSync(text), () => damage(text)])();
      const contentEncoding = pick([undefined, '', 'gzip', 'gzip', 'aws-chunked,gzip', 'br']);
      return { bytes, contentType: pick(ODD_TYPES), contentEncoding };
    },
    /** A record as an application might hand it to a producer, and the partition key that it might give it. */
    record: (): { record: unknown; key: () => unknown } => ({
      record: safeParse(json(RECORD_FIELDS)),
      key: random() < 0.9 ? () => `k${below(9)}` : pick<() => unknown>(ODD_KEYS),
    }),
    /** A data blob of the stream. */
    blob: (): Buffer =>
      pick<() => Buffer>([
        plain,
        plain,
        plain,
        () => damage(plain()),
        aggregate,
        () => damage(aggregate()),
        () => gzipSync(plain()),
        () => damage(gzipSync(plain())),
      ])(),
  };
}

/** JSON that JavaScript can read, else the text itself. */
function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
