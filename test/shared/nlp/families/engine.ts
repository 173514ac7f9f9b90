import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sumFile } from '#shared/nlp/file-sums.ts';
import {
  type Analysis,
  type AnalysisRequest,
  createTextEngine,
  type TextEngineOptions,
} from '#shared/nlp/index.ts';
import type { ManifestHead } from '#shared/nlp/manifest.ts';
import { openInProcessPort } from './in-process-port.ts';
import { familiesDirectory } from './oracle.ts';

/** Makes an empty folder a models folder in which a family's model serves the head. */
export async function withHead(
  folder: string,
  name: string,
  head: ManifestHead,
): Promise<TextEngineOptions> {
  const directory = join(familiesDirectory, name);
  await symlink(directory, join(folder, name));
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        return { path: path.slice(directory.length + 1), ...(await sumFile(path)) };
      }),
  );
  const { model_max_length: maximumLength } = await readFamilyJson(name, 'tokenizer_config.json');
  const origin = { revision: '1', source: 'made here', licence: 'Apache-2.0' };
  const entry = { name, ...origin, maximumLength, languages: ['*'], heads: [head], files };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ version: 2, models: [entry] }));
  return { modelsDirectory: folder };
}

/** Reads a JSON file of a family's model. */
export async function readFamilyJson(name: string, path: string) {
  return JSON.parse(await readFile(join(familiesDirectory, name, path), 'utf8'));
}

/** What an engine says of the texts, none of which fails. */
export async function analyze(
  options: Partial<TextEngineOptions>,
  requests: readonly AnalysisRequest[],
): Promise<Analysis[]> {
  const engine = await createTextEngine({
    modelsDirectory: familiesDirectory,
    workers: 1,
    openPort: openInProcessPort,
    ...options,
  });
  try {
    return (await engine.analyze(requests)).map((outcome) => {
      if (outcome.ok) return outcome.value;
      throw outcome.error;
    });
  } finally {
    await engine.close();
  }
}
