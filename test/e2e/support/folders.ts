import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '#stacks/local/bundle.ts';

/** Models of random weights that load in no time; what they find means nothing, but is always the same. */
export const tinyModels = fileURLToPath(new URL('../../../fixtures/tiny-model', import.meta.url));

/** A temporary folder. */
export async function makeFolder() {
  const path = await mkdtemp(join(tmpdir(), 'spanstream-e2e-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** A folder for a stack and bundles of its own, so that no other run's build is in the way. */
export async function makeFolders() {
  const { path: base, remove } = await makeFolder();
  const bundleDirectory = join(base, 'bundles');
  await bundle({ outdir: bundleDirectory });
  return {
    directory: join(base, 'stack'),
    bundleDirectory,
    remove,
  };
}

/** Where a stack keeps itself. */
export type Folders = Awaited<ReturnType<typeof makeFolders>>;
