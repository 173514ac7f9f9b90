import * as z from 'zod';
import type { TextRecordInput } from '#shared/contracts/text-record.ts';
import { ConfigurationError, ValidationError } from '#shared/errors.ts';
import { nameRecords } from '#shared/record-files/name-records.ts';
import { readRecords } from '#shared/record-files/read-records.ts';
import { BEGINNING, positionSchema, type ReadRecord } from '#shared/record-files/types.ts';
import type { Input } from './inputs.ts';

const MAXIMUM_ID_LENGTH = 128;

/** What the command's options make of its records. */
export interface RecordFlags {
  /** How many rounds there are. */
  readonly loop: number;
  /** Set on every record. */
  readonly source?: string;
  /** What is bad does not end the input. */
  readonly skipInvalid?: true;
  readonly dryRun?: true;
}

/** Where a source stands: a place, how many records were read behind it, and which of those are not on the stream. */
export const sourceStateSchema = z.strictObject({
  round: z.int().min(1),
  input: z.int().min(0),
  position: positionSchema,
  read: z.int().min(0),
  open: z.array(z.int().min(0)),
});

/** See {@link sourceStateSchema}. */
export type SourceState = z.output<typeof sourceStateSchema>;

/** A place, and the number of the record that is read there. */
type Mark = Pick<SourceState, 'round' | 'input' | 'position'> & { readonly first: number };

/** Where a record is from. */
interface From {
  readonly number: number;
  readonly where: string;
  readonly round: number;
}

/**
 * Records of inputs, one input after the other: round by round, or, where one of them can be read only once, each line as often as
 * there are rounds before the next.
 *
 * @param name told of each bad line, once
 * @param begun where an earlier source of the same inputs and flags stood: what that had put is left out
 */
export function createRecordSource(
  inputs: readonly Input[],
  flags: RecordFlags,
  name: (fault: string) => void,
  begun: SourceState = { round: 1, input: 0, position: BEGINNING, read: 0, open: [] },
) {
  const [rounds, times] = inputs.some(({ size }) => size === undefined)
    ? [1, flags.loop]
    : [flags.loop, 1];
  const from = new WeakMap<object, From>();
  /** What is not on the stream, by its number, in that order. */
  const open = new Map<number, Mark>();
  const wasOpen = new Set(begun.open);
  let mark: Mark = { ...begun, first: 0 };
  let next = 0;
  const sizes = inputs.map(({ size = 0 }) => size);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  let bytesRead = (begun.round - 1) * sum(sizes) + sum(sizes.slice(0, begun.input));
  let unreadable = 0;
  let valid = 0;
  let endedAt: string | undefined;

  const whereIs = (input: Input, line: number): string =>
    inputs.length === 1 ? `line ${line}` : `${input.name}, line ${line}`;
  function onBad(where: string, round: number, message: string): boolean {
    // A line is as bad in every round.
    if (round === 1) name(`${where}: ${message}`);
    if (!flags.skipInvalid && !flags.dryRun) endedAt ??= where;
    return endedAt === undefined;
  }

  function* recordsOf(read: ReadRecord, input: Input, round: number): Generator<TextRecordInput> {
    const where = whereIs(input, read.line);
    let records: readonly TextRecordInput[];
    try {
      records = toRecords(read, input, flags, round);
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      unreadable += 1;
      onBad(where, round, error.message);
      return;
    }
    for (const record of records) {
      const number = next;
      next += 1;
      if (number < begun.read && !wasOpen.has(number)) continue;
      from.set(record, { number, where, round });
      open.set(number, mark);
      valid += 1;
      yield record;
    }
  }

  async function* recordsIn(round: number, at: number): AsyncGenerator<TextRecordInput> {
    const input = inputs[at];
    if (!input) return;
    const { position } = mark;
    // Gzip is read from its beginning.
    if (!input.format.gzip) bytesRead += position.offset;
    async function* counted(offset: number) {
      for await (const chunk of input?.open(offset) ?? []) {
        bytesRead += chunk.length;
        yield chunk;
      }
    }
    try {
      for await (const read of readRecords(counted, input.format, position)) {
        for (let time = round; time < round + times && endedAt === undefined; time++) {
          yield* recordsOf(read, input, time);
        }
        if (endedAt !== undefined) return;
        mark = { round, input: at, position: read.next, first: next };
      }
    } catch (cause) {
      if (!(cause instanceof ValidationError)) throw cause;
      throw new ConfigurationError(`cannot read ${input.name}: ${cause.message}`, { cause });
    }
  }

  return {
    async *records(): AsyncGenerator<TextRecordInput, void, undefined> {
      for (let { round, input } = begun; round <= rounds; round++, input = 0) {
        for (; input < inputs.length; input++) {
          yield* recordsIn(round, input);
          if (endedAt !== undefined) return;
          const isLast = input + 1 === inputs.length;
          const place = isLast ? { round: round + 1, input: 0 } : { round, input: input + 1 };
          mark = { ...place, position: BEGINNING, first: next };
        }
      }
    },
    onPut(record: TextRecordInput): void {
      const { number = -1 } = from.get(record) ?? {};
      open.delete(number);
    },
    onInvalid(record: TextRecordInput, message: string): void {
      const { number = -1, where = '', round = 1 } = from.get(record) ?? {};
      // Where it ends the input, it is looked at again by whoever goes on.
      if (onBad(where, round, message)) open.delete(number);
    },
    /** Where it stands, to go on from there. */
    state(): SourceState {
      const { first, ...place }: Mark = open.values().next().value ?? mark;
      return {
        ...place,
        read: Math.max(next, begun.read) - first,
        // What an earlier run left open may not have been read again yet.
        open: [...open.keys(), ...begun.open.filter((number) => number >= next)].map(
          (number) => number - first,
        ),
      };
    },
    read: () => valid + unreadable,
    bytesRead: () => bytesRead,
    endedAt: () => endedAt,
  };
}

/** The records of what was read, under the source and the id of their round; whether they are any is for the producer to find out. */
function toRecords(
  read: ReadRecord,
  { origin }: Input,
  { source, loop }: RecordFlags,
  round: number,
): readonly TextRecordInput[] {
  if (read.rejection) throw new ValidationError('(record)', read.rejection.message);
  if (!origin && read.record?.id === undefined) throw new ValidationError('id', 'id is required');
  return nameRecords(read, origin ?? { name: '-', idPrefix: '-' }).map((record) => ({
    ...record,
    ...(source !== undefined && { source }),
    id: idInRound(record.id, round, loop),
  }));
}

function idInRound(id: string, round: number, loop: number): string {
  if (typeof id !== 'string' || loop === 1) return id;
  if (id.length <= MAXIMUM_ID_LENGTH && `${id}.${loop}`.length > MAXIMUM_ID_LENGTH) {
    const rule = `would be longer than ${MAXIMUM_ID_LENGTH} characters in round ${loop} of --loop`;
    throw new ValidationError('id', `id ${rule}`);
  }
  return round > 1 ? `${id}.${round}` : id;
}
