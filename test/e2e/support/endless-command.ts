import { setImmediate as nextTurn } from 'node:timers/promises';
import { interruptible, untilInterrupted } from '#shared/cli/interrupt.ts';
import { createCommand, print, runCommand, say, wholeNumber } from '#shared/cli/run-command.ts';

/** A command that writes to both of its streams until it has written enough. */
async function run({ lines }: { lines: number }, signal: AbortSignal): Promise<void> {
  let done = 0;
  async function write(): Promise<void> {
    for (; done < lines; done++) {
      print([`line ${done}`]);
      say(`said ${done}`);
      await nextTurn();
    }
  }
  try {
    await untilInterrupted(write(), signal, () => `after ${done} lines`);
  } finally {
    done = Math.max(done, lines);
    if (signal.aborted) say('cleaned up');
  }
}

await runCommand(
  createCommand('endless', 'Writes lines')
    .option('--lines <n>', 'how many', wholeNumber(1), 1_000_000)
    .action((flags: { lines: number }) => interruptible((signal) => run(flags, signal))),
);
