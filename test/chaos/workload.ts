import { encodeAggregate } from '../../fixtures/texts/encode-aggregate.ts';
import { randomFrom } from './random.ts';

/** What must become of a record: a result under its id, or parked for a reason; with both, one of them and not the other. */
export type Fate =
  | { readonly id: string; readonly reason?: string }
  | { readonly id?: undefined; readonly reason: string };

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
  /** Has records that are slow, or named so that CloudWatch refuses what is counted of them. */
  readonly hard?: boolean;
}

/** A source whose metric the faulty CloudWatch refuses. */
export const REFUSED_SOURCE = 'refused-source';

const longestText = 100 * 1024;
/** Of every so many records, those from `FIRST` on make an aggregate, so far as they are small. */
const EVERY = 2_000;
const FIRST = 600;
const COUNT = 300;
const LARGEST_MEMBER = 2_000;

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

/** Names that every JavaScript object knows. */
const ownNames = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__', 'prototype'];

/** Text sizes from 1 byte to 100 KB; nearly all are short, as on a real stream. */
function textOf(index: number, random: () => number, texts: readonly string[]): string {
  const pick = () => texts[Math.floor(random() * texts.length)] ?? 'Ada Lovelace lived in London.';
  if (index % 4_000 === 1_000) return fill(longestText, pick);
  if (index % 500 === 250) return fill(2_000 + Math.floor(random() * 8_000), pick);
  if (index % 100 === 50) return 'x';
  if (index % 100 === 25) return `${pick()} Write to ${SECRET}.`;
  return pick();
}

function fill(bytes: number, pick: () => string): string {
  let text = pick();
  while (Buffer.byteLength(text) < bytes) text += ` ${pick()}`;
  const cut = Buffer.from(text).subarray(0, bytes).toString('utf8');
  return cut.replace(/\uFFFD+$/u, '.');
}

/** Now and then a record says what is asked of it, and in which language it is; no model may serve that. */
function askedOf(index: number): { tasks?: readonly string[]; language?: string } {
  const language = index % 29 === 4 ? ['ja', 'pt-BR', 'und', 'eng'][index % 4] : undefined;
  const tasks =
    index % 31 === 6
      ? [['entities', 'pii'], ['tags'], ['labels', 'answers']][index % 3]
      : undefined;
  return { ...(tasks && { tasks }), ...(language !== undefined && { language }) };
}

/** Personal data for some texts to hold. */
export const SECRET = 'grace.hopper@example.com';

/** A valid record on which a model of size may work longer than any budget. */
function slowRecord(id: string, source: string) {
  const questions = Array.from({ length: 8 }, (_, n) => `What is said about number ${n}?`);
  const data = json({ id, text: '!?'.repeat(longestText / 2), source, questions });
  return { data, expected: { id, reason: 'inference-timeout' } };
}

/** Draws records without end; the same options give the same bytes. */
export function* drawWorkload(options: WorkloadOptions): Generator<WorkloadRecord, never> {
  const random = randomFrom(options.seed);
  const { poisonShare = 0.02, name = 'chaos', hard = false } = options;
  for (let index = 0; ; index += 1) {
    const id = `${name}-${options.seed}-${index}`;
    const partitionKey = `${id}-${Math.floor(random() * 1e6)}`;
    if (random() < poisonShare) {
      const { data, reason } = (poisons[Math.floor(random() * poisons.length)] as Poison)(id);
      yield { partitionKey, data, expected: { reason } };
      continue;
    }
    const text = textOf(index, random, options.texts);
    if (hard && index % 40_000 === 1_500) {
      yield { partitionKey, ...slowRecord(id, name) };
      continue;
    }
    const questions = index % 50 === 7 && text.length > 40 ? ['Who is it about?'] : undefined;
    const source = hard && index % 2_000 === 5 ? REFUSED_SOURCE : name;
    const ownName = ownNames[index % ownNames.length] ?? '';
    const asked = askedOf(index);
    const attributes = index % 97 === 3 ? { [ownName]: 'x', plain: 'y' } : undefined;
    yield {
      partitionKey,
      data: json({ id, text, source, questions, attributes, ...asked }),
      expected: { id },
    };
  }
}

/** The first `count` records of a workload; one that is drawn from goes on where it was. */
export function* takeRecords(
  workload: Generator<WorkloadRecord, never>,
  count: number,
): Generator<WorkloadRecord, void> {
  for (let taken = 0; taken < count; taken += 1) yield workload.next().value;
}

/** Puts a few hundred small records of a workload together in one blob, each with its own fate. */
export function* aggregateSome(drawn: Iterable<WorkloadRecord>): Generator<WorkloadRecord, void> {
  let members: { readonly partitionKey: string; readonly record: ExpectedRecord }[] = [];
  function* packed(): Generator<WorkloadRecord, void> {
    const [first] = members;
    if (first === undefined) return;
    const data = encodeAggregate(
      members.map(({ partitionKey, record }) => ({ partitionKey, data: record.data })),
    );
    const expected = members.map(({ record }) => record);
    yield { partitionKey: first.partitionKey, data: Buffer.from(data), expected };
    members = [];
  }
  let index = -1;
  for (const blob of drawn) {
    index += 1;
    const { partitionKey, data, expected } = blob;
    const at = (index % EVERY) - FIRST;
    if (at === COUNT) yield* packed();
    if (at >= 0 && at < COUNT && data.length <= LARGEST_MEMBER && !isAggregated(expected)) {
      members.push({ partitionKey, record: { data, expected } });
    } else yield blob;
  }
  yield* packed();
}

/** Whether a blob is to become several records. */
export const isAggregated = (
  expected: WorkloadRecord['expected'],
): expected is readonly ExpectedRecord[] => Array.isArray(expected);
