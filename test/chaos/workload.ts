import { randomFrom } from './random.ts';

/** What must become of a record: the id of its result, or the reason to be parked for. */
export type Fate = { readonly id: string } | { readonly reason: string };

/** A record within an aggregate and what must become of it. */
export interface ExpectedRecord {
  readonly data: Buffer;
  readonly expected: Fate;
}

/** One blob for the stream and what must become of it: of an aggregate, of each record in it. */
export interface WorkloadRecord {
  readonly partitionKey: string;
  readonly data: Buffer;
  readonly expected: Fate | readonly ExpectedRecord[];
}

/** What a workload is drawn from. */
export interface WorkloadOptions {
  readonly seed: number;
  /** Real texts to take sentences and paragraphs from. */
  readonly texts: readonly string[];
  /** Share of poison records, 0 to 1. */
  readonly poisonShare?: number;
  /** Source of the records, and the beginning of their ids; `chaos` unless given. */
  readonly name?: string;
}

const longestText = 100 * 1024;

type Poison = (id: string) => { data: Buffer; reason: string };

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const poisons: readonly Poison[] = [
  (id) => ({ data: Buffer.from(`{"id":"${id}","text":`), reason: 'invalid-json' }),
  (id) => ({
    data: json({ text: `no id here, though it would be ${id}` }),
    reason: 'invalid-record',
  }),
  (id) => ({ data: json({ id, text: ' \n\t ' }), reason: 'invalid-record' }),
  (id) => ({ data: json({ id, text: 42 }), reason: 'invalid-record' }),
  (id) => ({ data: json({ id, text: 'Paris', questions: 'where?' }), reason: 'invalid-record' }),
  (id) => ({ data: json({ id, text: 'x'.repeat(longestText + 1) }), reason: 'too-large' }),
  (id) => ({
    data: Buffer.concat([
      Buffer.from(`{"id":"${id}","text":"caf`),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}'),
    ]),
    reason: 'undecodable',
  }),
];

/** Text sizes from 1 byte to 100 KB; nearly all are short, as on a real stream. */
function textOf(index: number, random: () => number, texts: readonly string[]): string {
  const pick = () => texts[Math.floor(random() * texts.length)] ?? 'Ada Lovelace lived in London.';
  if (index % 4_000 === 1_000) return fill(longestText, pick);
  if (index % 500 === 250) return fill(2_000 + Math.floor(random() * 8_000), pick);
  if (index % 100 === 50) return 'x';
  return pick();
}

function fill(bytes: number, pick: () => string): string {
  let text = pick();
  while (Buffer.byteLength(text) < bytes) text += ` ${pick()}`;
  const cut = Buffer.from(text).subarray(0, bytes).toString('utf8');
  return cut.replace(/\uFFFD+$/u, '.');
}

/** Draws records without end; the same options give the same bytes. */
export function* drawWorkload(options: WorkloadOptions): Generator<WorkloadRecord, never> {
  const random = randomFrom(options.seed);
  const { poisonShare = 0.02, name = 'chaos' } = options;
  for (let index = 0; ; index += 1) {
    const id = `${name}-${options.seed}-${index}`;
    const partitionKey = `${id}-${Math.floor(random() * 1e6)}`;
    if (random() < poisonShare) {
      const { data, reason } = (poisons[Math.floor(random() * poisons.length)] as Poison)(id);
      yield { partitionKey, data, expected: { reason } };
      continue;
    }
    const text = textOf(index, random, options.texts);
    const questions = index % 50 === 7 && text.length > 40 ? ['Who is it about?'] : undefined;
    yield { partitionKey, data: json({ id, text, source: name, questions }), expected: { id } };
  }
}

/** The first `count` records of a workload; one that is drawn from goes on where it was. */
export function takeRecords(
  workload: Generator<WorkloadRecord, never>,
  count: number,
): WorkloadRecord[] {
  return Array.from({ length: count }, () => workload.next().value);
}
