import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runCommand, startCommand } from '../support/run-command.ts';

const packageFile = new URL('../../../package.json', import.meta.url);
const { scripts } = JSON.parse(await readFile(packageFile, 'utf8')) as {
  scripts: Record<string, string>;
};
/** The commands that people run with options, and their files. */
const commands = Object.entries(scripts).flatMap(([name, script]) => {
  const file = /^node --import tsx (\S+)$/.exec(script)?.[1];
  return file === undefined ? [] : [[name, file] as const];
});

/** What some cannot do without. */
const requiredOf: Readonly<Record<string, readonly string[]>> = {
  eval: ['--task', 'ner', '--data', 'x'],
  replay: ['--from', '1h'],
};

describe('every command', () => {
  it('is among those that package.json starts under node itself', () => {
    expect(commands.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        ...['demo', 'start', 'produce', 'results', 'replay', 'redrive', 'eval', 'models', 'smoke'],
        ...['bench', 'chaos', 'soak', 'fuzz'],
      ]),
    );
  });

  it.each(commands)('%s shows its help, and each default as it is', async (name, file) => {
    const { code, out, said } = await runCommand(file, ['--help']);

    expect({ code, said }).toEqual({ code: 0, said: '' });
    expect(out).toMatch(new RegExp(`^Usage: npm run ${name} -- \\[options\\]`));
    expect(out).toContain('--json');
    expect(out).not.toMatch(/default: (null|undefined|Infinity)/);
  });

  it.each(commands)(
    '%s refuses an option that it does not know, in one line',
    async (name, file) => {
      const required = requiredOf[name] ?? [];

      const { code, out, said } = await runCommand(file, [...required, '--unheard-of']);

      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(said).toBe(`${name}: unknown option '--unheard-of' (--help shows the options)\n`);
    },
  );

  it.each(commands)('%s ends quietly when nobody reads what it prints', async (_, file) => {
    const { code, said } = await runCommand(file, ['--help'], { closed: 'out' });

    expect({ code, said }).toEqual({ code: 0, said: '' });
  });

  it.each(commands)('%s goes on when nobody reads what it says', async (name, file) => {
    const required = requiredOf[name] ?? [];

    const { code, out } = await runCommand(file, [...required, '--unheard-of'], { closed: 'said' });

    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

describe('a command that is given what is not there', () => {
  it.each([
    ['scripts/start.ts', ['--config', 'none.json'], /^start: .*--config.* no such file/],
    ['scripts/start.ts', ['--models', 'none'], /^start: .*--models.* no such folder/],
    ['scripts/start.ts', ['--port-s3', '65536'], /^start: .*--port-s3.* at most 65535/],
    ['scripts/demo.ts', ['--models', 'package.json'], /^demo: .*--models.* is no folder/],
    ['test/chaos/chaos.ts', ['--models', 'none'], /^chaos: .*--models.* no such folder/],
  ])('%s %j says so at once', async (file, args, fault) => {
    const { code, out, said } = await runCommand(file, args);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(said).toMatch(fault);
    expect(said.trim().split('\n')).toHaveLength(1);
  });
});

describe('a command at work', () => {
  const script = new URL('../support/endless-command.ts', import.meta.url).href;

  it('goes on without standard error, to its end', async () => {
    const { code, out } = await runCommand(script, ['--lines', '500'], { closed: 'said' });

    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(500);
  });

  it('is told to end without standard output, and exits with 141 in silence', async () => {
    const running = startCommand(script, []);
    await running.printing(/line 10\n/);
    running.closeOutput();
    const { code, said } = await running.ended;

    expect(code).toBe(141);
    expect(said.replace(/^said \d+\n/gm, '')).toBe('cleaned up\n');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('is told to end at %s, and exits as shells have it', async (signal, wanted) => {
    const running = startCommand(script, []);
    await running.printing(/line 10\n/);
    running.signal(signal);
    const { code, said } = await running.ended;

    expect(code).toBe(wanted);
    expect(said.replace(/^said \d+\n/gm, '')).toMatch(
      /^cleaned up\nendless: interrupted: after \d+ lines\n$/,
    );
  });
});
