import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ManifestModel } from '#shared/nlp/manifest.ts';
import { placeModel } from '../../../scripts/pull/place-model.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-place-'));
});
afterEach(() => rm(folder, { recursive: true }));

const entry: ManifestModel = {
  name: 'tiny',
  revision: 'later',
  source: 'made here',
  licence: 'Apache-2.0',
  maximumLength: 64,
  languages: ['*'],
  heads: [{ task: 'entities' }],
  files: [{ path: 'config.json', bytes: 5, sha256: '0'.repeat(64) }],
};

async function put(name: string, config: string): Promise<string> {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, 'config.json'), config);
  return join(folder, name);
}

it('puts the folder back where the manifest cannot be written', async () => {
  // Prepare
  const models = await put('models', '');
  await put('models/tiny', 'first');
  await mkdir(join(models, 'manifest.json'));
  const ready = await put('ready', 'later');

  // Act
  const placed = placeModel(models, entry, { ready, aside: join(folder, 'aside') });

  // Assess
  await expect(placed).rejects.toThrow(/manifest\.json/);
  expect(await readFile(join(models, 'tiny', 'config.json'), 'utf8')).toBe('first');
  expect((await readdir(models)).sort()).toEqual(['config.json', 'manifest.json', 'tiny']);
});
