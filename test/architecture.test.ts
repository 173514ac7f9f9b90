import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const read = (path: string) =>
  readFile(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');

it('every hop in ARCHITECTURE.md is a file and what it exports', async () => {
  const hops = [...(await read('ARCHITECTURE.md')).matchAll(/`([\w/-]+\.ts)` +\| `(\w+)`/g)];
  expect(hops.length).toBeGreaterThan(15);
  const missing: string[] = [];
  for (const [, path = '', name = ''] of hops) {
    const source = await read(path).catch(() => '');
    const exported = new RegExp(`^export (?:async )?(?:function|const) ${name}\\b`, 'm');
    if (!exported.test(source)) missing.push(`${path}: ${name}`);
  }
  expect(missing).toEqual([]);
});
