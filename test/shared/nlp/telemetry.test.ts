import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = `
  const { createTextEngine } = await import('./shared/nlp/index.ts');
  const engine = await createTextEngine({ modelsDirectory: 'fixtures/tiny-model', workers: 1 });
  await engine.analyze([{ text: 'Ada' }]);
  await engine.close();
`;

// Without the switch the runtime keeps a device's id and a store of events there as soon as a session is made.
test('running a model leaves nothing in the home folder', async () => {
  const home = await mkdtemp(join(tmpdir(), 'spanstream-home-'));
  try {
    const { CI: _, ORT_DISABLE_TELEMETRY: __, ...environment } = process.env;
    await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { cwd: root, env: { ...environment, HOME: home, XDG_CACHE_HOME: '' } },
    );

    expect(await readdir(home, { recursive: true })).toEqual([]);
  } finally {
    await rm(home, { recursive: true });
  }
});
