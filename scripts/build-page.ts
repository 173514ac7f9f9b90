import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf, SpanstreamError } from '#shared/errors.ts';

const root = resolve(fileURLToPath(import.meta.url), '../..');
/** What the page is made of. */
const SOURCES = ['console', 'shared/contracts'];
const run = promisify(execFile);

/**
 * The folder of the page as it was built; of a checkout it is built first where it is missing or older than its sources.
 *
 * @throws {SpanstreamError} where it cannot be built
 */
export async function builtPage(): Promise<string> {
  // A package holds the page as it was built when the package was made.
  if (import.meta.url.endsWith('.js')) return join(root, 'console');
  const page = join(root, 'dist/console');
  const builtAt = await timeOf(join(page, 'index.html'));
  if (builtAt > (await newestOf(SOURCES.map((folder) => join(root, folder))))) return page;
  await buildPage(page);
  return page;
}

/** Builds the page beside the folder and puts it in its place, since another stack may be serving from there. */
export async function buildPage(folder: string): Promise<void> {
  const made = `${folder}-${process.pid}`;
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  try {
    await run(process.execPath, [vite, 'build', 'console', '--outDir', made, '--emptyOutDir'], {
      cwd: root,
    });
    await rm(folder, { recursive: true, force: true });
    await rename(made, folder);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    // One that was started at the same time was first.
    if (existsSync(join(folder, 'index.html')) && isOccupied(error)) return;
    throw new SpanstreamError('console-failed', `the page cannot be built: ${messageOf(error)}`);
  }
}

const isOccupied = (error: unknown): boolean =>
  ['ENOTEMPTY', 'EEXIST'].includes(String(Reflect.get(Object(error), 'code')));

const timeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

async function newestOf(folders: readonly string[]): Promise<number> {
  const files = await Promise.all(
    folders.map((folder) => readdir(folder, { recursive: true, withFileTypes: true })),
  );
  const times = files
    .flat()
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => timeOf(join(parentPath, name)));
  return Math.max(...(await Promise.all(times)));
}
