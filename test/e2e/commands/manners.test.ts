import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../support/run-command.ts';

const packageFile = new URL('../../../package.json', import.meta.url);
const { scripts } = JSON.parse(await readFile(packageFile, 'utf8')) as {
  scripts: Record<string, string>;
};
/** The commands that people run with options, and their files. */
const commands = Object.entries(scripts).flatMap(([name, script]) => {
  const file = /^node --import tsx (\S+)$/.exec(script)?.[1];
  return file === undefined ? [] : [[name, file] as const];
});

describe('every command', () => {
  it('is among those that package.json starts under node itself', () => {
    expect(commands.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        ...[
          'demo',
          'start',
          'produce',
          'redrive',
          'eval',
          'models',
          'bench',
          'chaos',
          'soak',
          'fuzz',
          'smoke',
        ],
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
      const required = name === 'eval' ? ['--task', 'ner', '--data', 'x'] : [];

      const { code, out, said } = await runCommand(file, [...required, '--nope']);

      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(said).toBe(`${name}: unknown option '--nope' (--help shows the options)\n`);
    },
  );
});
