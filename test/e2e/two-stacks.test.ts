import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalStack, startLocalStack } from '#local/stack.ts';
import { parseSettings } from '#shared/settings.ts';
import { makeFolder, tinyModels } from './support/folders.ts';

const names = ['one', 'two'];

describe('two stacks that start from one checkout at the same time', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let stacks: readonly LocalStack[] = [];
  const directoryOf = (name: string) => join(folder.path, name);

  beforeAll(async () => {
    folder = await makeFolder();
    stacks = await Promise.all(
      names.map((environmentName) =>
        startLocalStack({
          directory: directoryOf(environmentName),
          settings: parseSettings({ environmentName }),
          modelsDirectory: tinyModels,
        }),
      ),
    );
  });
  afterAll(async () => {
    await Promise.all(stacks.map((stack) => stack.close()));
    await folder?.remove();
  });

  it('run what each has built for itself, where no other build can come between', async () => {
    // Act
    const answers = await Promise.all(
      stacks.map(({ functions }) => functions.inference.invoke({ Records: [] })),
    );

    // Assess
    for (const name of names) {
      for (const part of ['inference', 'metrics', 'http', 'bootstrap']) {
        expect(existsSync(join(directoryOf(name), 'bundles', part, 'index.mjs'))).toBe(true);
      }
    }
    for (const answer of answers) {
      expect(answer).toMatchObject({ ok: true, payload: { batchItemFailures: [] } });
    }
  });

  it('leave logs in which every line is one that a function wrote, as JSON', async () => {
    // Prepare
    const [{ functions, close }] = stacks as [LocalStack];
    const directory = join(directoryOf('one'), 'logs');

    // Act
    await functions.metrics.invoke({ Records: [] });
    await functions.inference.invoke({ Records: 'none' });
    await close();
    const files = await readdir(directory);
    const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));

    // Assess
    const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
    const said = lines.map((line) => line.split(' ').slice(2).join(' '));
    expect(files.sort()).toEqual(['http.log', 'inference.log', 'metrics.log']);
    expect(said.length).toBeGreaterThan(0);
    expect(said.filter((line) => !line.startsWith('{'))).toEqual([]);
  });
});
