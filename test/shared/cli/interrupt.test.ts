import { afterEach, describe, expect, it } from 'vitest';
import { InterruptedError, interruptible, untilInterrupted } from '#shared/cli/interrupt.ts';

const exitCode = process.exitCode;
afterEach(() => {
  process.exitCode = exitCode;
});
const listeners = () => process.listenerCount('SIGINT');

describe('interruptible', () => {
  it('aborts the signal at Ctrl-C, lets the work end, and exits with 130', async () => {
    const before = listeners();

    const done = await interruptible(async (signal) => {
      process.emit('SIGINT');
      // The same key, delivered once more, does not end the process.
      process.emit('SIGINT');
      return signal.aborted;
    });

    expect(done).toBe(true);
    expect(process.exitCode).toBe(130);
    expect(listeners()).toBe(before);
  });

  it('changes nothing where nobody interrupts', async () => {
    const before = listeners();

    await expect(interruptible(() => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );

    expect(process.exitCode).toBe(exitCode);
    expect(listeners()).toBe(before);
  });
});

describe('untilInterrupted', () => {
  const endless = new Promise<never>(() => {});

  it('gives what comes of the work', async () => {
    const { signal } = new AbortController();

    await expect(untilInterrupted(Promise.resolve(7), signal, () => 'never')).resolves.toBe(7);
  });

  it('waits no longer than until the signal aborts', async () => {
    const interrupt = new AbortController();

    const waiting = untilInterrupted(endless, interrupt.signal, () => '3 of 4 done');
    interrupt.abort();

    await expect(waiting).rejects.toThrow(new InterruptedError('3 of 4 done'));
    await expect(untilInterrupted(endless, interrupt.signal, () => 'at once')).rejects.toThrow(
      'interrupted: at once',
    );
  });
});
