import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { lastJson, runCommand, startCommand } from '#test/e2e/support/run-command.ts';
import { installMinistack } from './ministack.ts';

/** Deploying, and checking the books, on a machine that has other work. */
const KEEP_MS = 400_000;

const install = await installMinistack();
const missing = 'missing' in install ? install.missing : undefined;

describe.skipIf(missing)(`npm run cloud${missing ? `: ${missing}` : ''}`, () => {
  it.each([
    ['Ctrl-C', 'SIGINT', 130],
    ['kill -9', 'SIGKILL', 'SIGKILL'],
  ] as const)('ends with what it has started at %s', async (_, signal, expected) => {
    const command = startCommand('test/cloud/cloud.ts', [], { env: { HOME: homedir() } });
    await command.saying(/listens on http/);

    command.signal(signal);
    const { code, said } = await command.ended;

    expect(code).toBe(expected);
    if (signal === 'SIGINT') expect(said).toContain('cloud: interrupted: the books were not');
    await untilGone(said);
  });

  it('keeps the stacks until Ctrl-C, and says how they are used', async () => {
    const command = startCommand('test/cloud/cloud.ts', ['--records', '14', '--keep', '--json'], {
      ...{ env: { HOME: homedir() }, timeoutMs: KEEP_MS },
    });
    const told = await command.saying(/Ctrl-C ends it/);
    const exported = told.matchAll(/^ {2}export (\w+)=(\S+)$/gm);
    const env = Object.fromEntries([...exported].map(([, name, value]) => [name, value]));
    const text = '{"id":"by-hand","text":"Ada Lovelace lived in London."}\n';
    const target = ['--target', 'local', '--json'];

    const put = await runCommand('producers/commands/produce.ts', ['-', ...target], {
      ...{ env, input: text },
    });
    const smoke = await runCommand('scripts/smoke.ts', target, { env });
    const read = await runCommand('scripts/results.ts', ['--id', 'by-hand', ...target], { env });
    command.signal('SIGINT');
    const { code, out, said } = await command.ended;

    expect([put.code, smoke.code, read.code], put.said + smoke.said + read.said).toEqual([0, 0, 0]);
    expect(read.out).toContain('Ada Lovelace');
    expect(code).toBe(0);
    expect(lastJson(out)).toMatchObject({
      produced: 14,
      lost: 0,
      duplicated: 0,
      metricsEqual: true,
    });
    await untilGone(said);
  });
});

/** Waits until nothing listens any more where a command said that MiniStack does. */
async function untilGone(said: string): Promise<void> {
  const [endpoint = ''] = said.match(/http:\S+/) ?? [];
  const isGone = () =>
    fetch(endpoint)
      .then(() => false)
      .catch(() => true);
  await waitFor(isGone, { what: 'the end of MiniStack' });
}
