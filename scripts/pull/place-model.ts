import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ManifestModel, readManifest } from '#shared/nlp/manifest.ts';

/**
 * Puts a model's folder in its place and its entry in the manifest, at the place of the one it replaces, since the first of
 * a task is the one that runs by default. Where either fails, both are as before.
 *
 * @param ready the folder as it is to be, on the same file system
 * @param aside a path that is free, for what is replaced
 */
export async function placeModel(
  modelsDirectory: string,
  entry: ManifestModel,
  { ready, aside }: { ready: string; aside: string },
): Promise<void> {
  const target = join(modelsDirectory, entry.name);
  const replaced = await renameIfThere(target, aside);
  try {
    await rename(ready, target);
    await writeEntry(modelsDirectory, entry);
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    if (replaced) await rename(aside, target);
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function writeEntry(modelsDirectory: string, entry: ManifestModel): Promise<void> {
  const manifest = (await readManifest(modelsDirectory)) ?? { version: 2, models: [] };
  const models = [...manifest.models];
  const index = models.findIndex(({ name }) => name === entry.name);
  models.splice(index < 0 ? models.length : index, index < 0 ? 0 : 1, entry);
  const path = join(modelsDirectory, 'manifest.json');
  // Whole or not at all: a function that starts meanwhile reads one or the other.
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, `${JSON.stringify({ ...manifest, models }, null, 2)}\n`);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}
