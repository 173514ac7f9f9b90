import { parseJson } from '#shared/contracts/parse-json.ts';
import type { TextRecordInput } from '#shared/contracts/text-record.ts';
import { ValidationError } from '#shared/errors.ts';
import type { Input, InputLine } from './input-lines.ts';

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

/** Records of an input: a file's round by round, each line of any other input as often as there are rounds before the next. */
export function createRecordSource(
  input: Input,
  flags: RecordFlags,
  name: (fault: string) => void,
) {
  const lineOf = new WeakMap<object, { line: number; round: number }>();
  let unreadable = 0;
  let valid = 0;
  let endedAt: number | undefined;
  function onBad(line: number, round: number, message: string): void {
    // A line is as bad in every round.
    if (round === 1) name(`line ${line}: ${message}`);
    if (!flags.skipInvalid && !flags.dryRun) endedAt ??= line;
  }
  return {
    async *records(): AsyncGenerator<TextRecordInput, void, undefined> {
      const [passes, times] = input.size === undefined ? [1, flags.loop] : [flags.loop, 1];
      for (let pass = 1; pass <= passes; pass++) {
        for await (const line of input.lines()) {
          for (let round = pass; round < pass + times && endedAt === undefined; round++) {
            try {
              const record = recordOf(line, flags, round);
              lineOf.set(record, { line: line.line, round });
              valid += 1;
              yield record;
            } catch (error) {
              if (!(error instanceof ValidationError)) throw error;
              unreadable += 1;
              onBad(line.line, round, error.message);
            }
          }
          if (endedAt !== undefined) return;
        }
      }
    },
    onInvalid(record: TextRecordInput, message: string): void {
      const { line, round } = lineOf.get(record) ?? { line: 0, round: 1 };
      onBad(line, round, message);
    },
    read: () => valid + unreadable,
    endedAt: () => endedAt,
  };
}

/** What a line says, under the source and the id of its round; whether it is a record is for the producer to find out. */
function recordOf(
  { text = '', fault }: InputLine,
  flags: RecordFlags,
  round: number,
): TextRecordInput {
  if (fault !== undefined) throw new ValidationError('(record)', `the line ${fault}`);
  const value = parseJson(text);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new ValidationError('(record)', '(record) must be an object');
  }
  const record: { id?: unknown } =
    flags.source === undefined ? value : { ...value, source: flags.source };
  const { id } = record;
  if (typeof id === 'string' && flags.loop > 1) {
    if (id.length <= MAXIMUM_ID_LENGTH && `${id}.${flags.loop}`.length > MAXIMUM_ID_LENGTH) {
      const rule = `would be longer than ${MAXIMUM_ID_LENGTH} characters in round ${flags.loop} of --loop`;
      throw new ValidationError('id', `id ${rule}`);
    }
    if (round > 1) record.id = `${id}.${round}`;
  }
  return record as TextRecordInput;
}
