import type { TextRecord } from '#shared/contracts/text-record.ts';
import type { BadLines } from './check-input.ts';
import type { Input } from './open-input.ts';
import { inRound, isBadLine, type ReadOptions, readLine } from './read-lines.ts';

/** Settings of what is sent. */
export interface SendOptions extends ReadOptions {
  /** Leave bad lines out; else the first one ends the sending. */
  readonly skipInvalid: boolean;
  /** Told of each bad line of an input that was not checked before. */
  readonly bad: BadLines;
}

/** What was read of the input for sending. */
export interface Sent {
  /** Good lines, and bad ones, of the first round. */
  lines: number;
  /** The bad line that ended it. */
  stoppedAt: number | undefined;
}

/**
 * The records of an input, one at a time: a file's round by round, each line of any other input as often as there are rounds
 * before the next. Ends at a bad line, unless those are to be skipped; in a file that was checked there is none.
 */
export async function* recordsToSend(
  input: Input,
  options: SendOptions,
  sent: Sent,
): AsyncGenerator<TextRecord, void, undefined> {
  const [passes, times] = input.repeatable ? [options.loop, 1] : [1, options.loop];
  for (let pass = 1; pass <= passes; pass++) {
    for await (const line of input.lines()) {
      const read = readLine(line, options);
      if (pass === 1) sent.lines += 1;
      if (isBadLine(read)) {
        if (!input.repeatable || !options.skipInvalid) options.bad.add(read);
        if (options.skipInvalid) continue;
        sent.stoppedAt = read.line;
        return;
      }
      for (let time = 0; time < times; time++) yield inRound(read, pass + time);
    }
  }
}
