import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkFile, sumFile } from '#shared/nlp/file-sums.ts';
import { readManifest } from '#shared/nlp/manifest.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanstream-manifest-'));
});
afterEach(() => rm(folder, { recursive: true }));

const model = {
  name: 'tiny',
  task: 'token-classification',
  revision: '1',
  source: 'made here',
  licence: 'Apache-2.0',
  maximumLength: 64,
  files: [{ path: 'config.json', bytes: 2, sha256: '0'.repeat(64) }],
};
const write = (value: unknown) => writeFile(join(folder, 'manifest.json'), JSON.stringify(value));

describe('readManifest', () => {
  it('reads a manifest', async () => {
    await write({ version: 1, models: [model] });

    expect((await readManifest(folder))?.models[0]?.name).toBe('tiny');
  });

  it('gives undefined where there is none', async () => {
    expect(await readManifest(folder)).toBeUndefined();
  });

  it('names the field at fault', async () => {
    await write({ version: 1, models: [{ ...model, task: 'translation' }] });

    await expect(readManifest(folder)).rejects.toThrow(/manifest\.json: models\.0\.task/);
  });

  it('refuses two models of one name', async () => {
    const [first, second] = [model, { ...model, name: 'other' }];
    await write({ version: 1, models: [first, second, { ...model, revision: '2' }] });

    await expect(readManifest(folder)).rejects.toThrow(
      'models.2.name: must be of one model only: tiny is there before',
    );
  });

  it('names a figure that says too little', async () => {
    const figures = [{ task: 'entities', metric: 'F1', value: 88.7 }];
    await write({ version: 1, models: [{ ...model, figures }] });

    await expect(readManifest(folder)).rejects.toThrow(
      /manifest\.json: models\.0\.figures\.0\.data/,
    );
  });

  it('has of the bundled models the figures that their cards say, each of a head', async () => {
    const directory = fileURLToPath(new URL('../../../models', import.meta.url));
    const { models = [] } = (await readManifest(directory)) ?? {};

    for (const { name, heads, figures = [] } of models) {
      const card = await readFile(join(directory, name, 'README.md'), 'utf8');
      const rows = card.split('\n').filter((line) => line.startsWith('|'));
      expect(figures, name).not.toEqual([]);
      for (const figure of figures) {
        expect(heads.map((head) => [head.task, head.name])).toContainEqual([
          figure.task,
          figure.name,
        ]);
        const value = new RegExp(`[ |]${figure.value.toFixed(1)}[ |]`);
        // A card has a row for each data set, or one for the model.
        const quoting = rows.filter(
          (row) => row.includes(`| ${figure.data} `) || row.startsWith('| int8 '),
        );
        expect(
          quoting.some((row) => value.test(row)),
          JSON.stringify(figure),
        ).toBe(true);
      }
    }
  });

  it('has languages in their canonical form', async () => {
    const { task: _, ...rest } = model;
    const languages = ['eng', 'iw', 'cmn', 'tl', '*'];
    await write({ version: 2, models: [{ ...rest, languages, heads: [{ task: 'entities' }] }] });

    const manifest = await readManifest(folder);

    expect(manifest?.models[0]?.languages).toEqual(['en', 'he', 'zh', 'fil', '*']);
  });

  it.each([
    [[{ task: 'entities' }, { task: 'entities', output: 'other', name: 'b' }]],
    [[{ task: 'labels' }, { task: 'labels', output: 'other' }]],
  ])('refuses two heads of which one would never be used: %j', async (heads) => {
    const { task: _, ...rest } = model;
    await write({ version: 2, models: [{ ...rest, languages: ['*'], heads }] });

    await expect(readManifest(folder)).rejects.toThrow(
      /models\.0\.heads: must be of different tasks/,
    );
  });

  it('refuses a file outside the folder', async () => {
    const files = [{ ...model.files[0], path: 'a/../../secret' }];
    await write({ version: 1, models: [{ ...model, files }] });

    await expect(readManifest(folder)).rejects.toThrow('must not leave the folder');
  });
});

describe('checkFile', () => {
  it('says which file is altered, and passes the unaltered one', async () => {
    const path = join(folder, 'weights');
    await writeFile(path, 'ab');
    const sums = { path: 'weights', ...(await sumFile(path)) };

    await expect(checkFile(path, sums)).resolves.toBeUndefined();
    await writeFile(path, 'ba');

    await expect(checkFile(path, sums)).rejects.toThrow(`${path} is not what the manifest says`);
  });
});
