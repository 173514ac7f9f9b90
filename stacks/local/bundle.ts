import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';
import { bundleBootstrap, bundleFunction, linkModules } from '#local/lambda/bundle.ts';
import { SpanstreamError } from '#shared/errors.ts';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const worker = join(root, 'shared/nlp/worker.ts');

/** Source files of each function by the name of their output; only those with a worker run models. */
const functions: Readonly<Record<string, { readonly index: string; readonly worker?: string }>> = {
  inference: { index: join(root, 'consumers/inference/handler.ts'), worker },
  http: { index: join(root, 'consumers/http/handler.ts'), worker },
  metrics: { index: join(root, 'consumers/metrics/handler.ts') },
  canary: { index: join(root, 'consumers/canary/handler.ts') },
  intake: { index: join(root, 'consumers/intake/handler.ts') },
};

/**
 * Bundles the functions into `<outdir>/<name>/index.mjs`, with `worker.mjs` beside those that run models, and the runtime client
 * that runs them locally into `<outdir>/bootstrap`.
 *
 * ONNX Runtime stays outside: inside the repository Node finds it by itself, and a folder outside gets a link to the
 * repository's `node_modules`.
 *
 * @returns the folder of each bundle
 * @throws {SpanstreamError} where a source does not compile, or a function that runs no model would carry ONNX Runtime
 */
export async function bundle(given: { outdir: string }): Promise<Record<string, string>> {
  const outdir = resolve(given.outdir);
  await mkdir(outdir, { recursive: true });
  if (relative(root, outdir).startsWith('..')) {
    await linkModules(outdir, join(root, 'node_modules'));
  }
  const bundles = Object.entries(functions).map(async ([name, entries]) => {
    const external = ['onnxruntime-node'];
    const metafile = await bundleFunction({
      ...{ name, external, outdir: join(outdir, name) },
      entries: { ...entries },
    });
    await dropOlderFiles(join(outdir, name), metafile);
    const carrier = entries.worker ? undefined : findModelRuntime(metafile);
    if (carrier === undefined) return;
    throw new SpanstreamError(
      'bundle-failed',
      `${name} runs no model but would carry ONNX Runtime, imported by ${carrier}`,
    );
  });
  await Promise.all([...bundles, bundleBootstrap(join(outdir, 'bootstrap'))]);
  const names = [...Object.keys(functions), 'bootstrap'];
  return Object.fromEntries(names.map((name) => [name, join(outdir, name)]));
}

/** Removes what earlier builds left in a bundle's folder: their files are named after what they hold. */
async function dropOlderFiles(folder: string, { outputs }: Metafile): Promise<void> {
  const made = new Set(Object.keys(outputs).map((path) => resolve(path)));
  const older = (await readdir(folder)).map((name) => join(folder, name));
  await Promise.all(older.filter((path) => !made.has(path)).map((path) => rm(path)));
}

/** The source file that brings ONNX Runtime into a build, if one does. */
export function findModelRuntime(metafile: Pick<Metafile, 'inputs'>): string | undefined {
  return Object.entries(metafile.inputs).find(([, { imports }]) =>
    imports.some(({ path, original }) =>
      [path, original ?? ''].some((name) => name.includes('onnxruntime')),
    ),
  )?.[0];
}
