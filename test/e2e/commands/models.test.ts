import { appendFile, cp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, tinyModels } from '../support/folders.ts';
import { lastJson, runCommand } from '../support/run-command.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let models: string;
beforeEach(async () => {
  folder = await makeFolder();
  models = join(folder.path, 'models');
  await cp(tinyModels, models, { recursive: true });
});
afterEach(() => folder.remove());

const run = (...args: string[]) =>
  runCommand('scripts/models.ts', [...args, '--models', models, '--json']);

describe('models list', () => {
  it('shows what the manifest names', async () => {
    const { code, out } = await run('list');

    expect(code).toBe(0);
    expect(out).toContain('tiny-ner  entities  0.7 MB  Apache-2.0  seed-11\n');
    expect(lastJson(out)).toMatchObject({ models: [{ name: 'tiny-ner' }, { name: 'tiny-qa' }] });
  });

  it('says that there is no manifest', async () => {
    await rm(join(models, 'manifest.json'));

    const { code, said } = await run('list');

    expect(code).toBe(1);
    expect(said).toBe(`models: ${join(models, 'manifest.json')} is missing\n`);
  });
});

describe('the models that are read unless a folder is named', () => {
  const namesIn = async (cwd: string) => {
    const { out } = await runCommand('scripts/models.ts', ['list', '--json'], { cwd });
    return (lastJson(out) as { models: { name: string }[] }).models.map(({ name }) => name);
  };

  it('are those of the working folder', async () => {
    expect(await namesIn(dirname(models))).toEqual(['tiny-ner', 'tiny-qa']);
  });

  it('are the bundled ones where it has none', async () => {
    expect(await namesIn(models)).toEqual(expect.arrayContaining(['minilm-l6-en']));
  });
});

describe('models verify', () => {
  it('finds every file as the manifest says', async () => {
    const { code, out } = await run('verify');

    expect(code).toBe(0);
    expect(out).toContain('10 of 10 files are as the manifest says\n');
    expect(lastJson(out)).toEqual({ files: 10, faults: [] });
  });

  it('names each file that is altered, longer or missing', async () => {
    // Prepare
    const altered = join(models, 'tiny-ner', 'tokenizer_config.json');
    const longer = join(models, 'tiny-ner', 'onnx', 'model_quantized.onnx');
    const missing = join(models, 'tiny-qa', 'tokenizer.json');
    await writeFile(altered, 'x'.repeat(80));
    await appendFile(longer, 'more');
    await rm(missing);

    // Act
    const { code, out } = await run('verify');

    // Assess
    expect(code).toBe(1);
    expect(out).toContain('7 of 10 files are as the manifest says\n');
    expect(lastJson(out)).toEqual({
      files: 10,
      faults: [
        expect.stringContaining(`${longer} has 207369 bytes, but the manifest says 207365`),
        expect.stringContaining(`${altered} is not what the manifest says`),
        expect.stringContaining(`${missing} is missing`),
      ],
    });
  });
});
