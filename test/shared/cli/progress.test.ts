import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createProgress } from '#shared/cli/progress.ts';

function display(total?: number, tty = false) {
  const stream = Object.assign(new PassThrough(), { isTTY: tty, columns: 80 });
  // Only what a display writes to is here of a terminal.
  const progress = createProgress({
    label: 'put',
    total,
    unit: 'records',
    stream: stream as unknown as NodeJS.WriteStream,
  });
  return { progress, written: () => String(stream.read() ?? '') };
}

describe('createProgress away from a terminal', () => {
  it('writes a line every tenth', () => {
    const { progress, written } = display(40);

    for (let done = 0; done <= 40; done++) progress.update(done);

    const lines = written().trimEnd().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe('put: 40/40 records');
  });

  it('says little of nobody knows how many', () => {
    const { progress, written } = display();

    for (let done = 0; done <= 10_000; done++) progress.update(done);
    progress.say('line 3: is bad');

    expect(written()).toBe('line 3: is bad\n');
  });
});

describe('createProgress on a terminal', () => {
  it('writes lines above the bar, and shows a count where there is no total', () => {
    const { progress, written } = display(undefined, true);

    progress.update(7);
    progress.say('line 3: is bad');
    progress.update(8);
    progress.stop();

    const text = written();
    expect(text).toContain('\r\u001b[Kline 3: is bad\n');
    expect(text).toMatch(/put 8 records/);
    expect(text).not.toContain('%');
  });
});
