import { mkdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';
import {
  bundleBootstrap,
  bundleFunction,
  bundleSettings as functionSettings,
  linkModules,
} from '#local/lambda/bundle.ts';
import { SpanstreamError } from '#shared/errors.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const worker = 'shared/nlp/worker.ts';
const runtime = 'onnxruntime-node';

/** The functions: entry points by output file, and whether models run in it. */
const functions = {
  inference: { entries: { index: 'consumers/inference/handler.ts', worker }, models: true },
  http: { entries: { index: 'consumers/http/handler.ts', worker }, models: true },
  metrics: { entries: { index: 'consumers/metrics/handler.ts' }, models: false },
} as const satisfies Record<string, { entries: Record<string, string>; models: boolean }>;

/** Something that `bundle` makes: a function, or the runtime client that runs them locally. */
export type BundleName = keyof typeof functions | 'bootstrap';

/** Names of everything that `bundle` makes. */
export const bundleNames: readonly BundleName[] = ['inference', 'http', 'metrics', 'bootstrap'];

/** esbuild's settings for every bundle of this repository. */
export const bundleSettings = {
  ...functionSettings,
  absWorkingDir: root,
  external: [runtime],
};

/**
 * Bundles functions into `<outdir>/<name>/index.mjs`, with `worker.mjs` beside those that run models.
 *
 * ONNX Runtime stays outside: inside the repository Node finds it by itself, and a folder outside gets a link to the
 * repository's `node_modules`.
 *
 * @returns the folder of each bundle
 * @throws {SpanstreamError} where a source does not compile, or a function that runs no model would carry ONNX Runtime
 */
export async function bundle(options: {
  outdir: string;
  only?: readonly BundleName[];
}): Promise<Partial<Record<BundleName, string>>> {
  const outdir = resolve(options.outdir);
  await mkdir(outdir, { recursive: true });
  if (relative(root, outdir).startsWith('..'))
    await linkModules(outdir, join(root, 'node_modules'));
  const made = (options.only ?? bundleNames).map(async (name) => {
    const folder = join(outdir, name);
    await (name === 'bootstrap' ? bundleBootstrap(folder) : bundleOne(name, folder));
    return [name, folder];
  });
  return Object.fromEntries(await Promise.all(made));
}

async function bundleOne(name: keyof typeof functions, outdir: string): Promise<void> {
  const { entries, models } = functions[name];
  const sources = Object.entries(entries).map(([out, entry]) => [out, join(root, entry)]);
  const metafile = await bundleFunction({
    name,
    entries: Object.fromEntries(sources),
    outdir,
    external: [runtime],
  });
  const carrier = models ? undefined : findModelRuntime(metafile);
  if (carrier !== undefined) {
    throw new SpanstreamError(
      'bundle-failed',
      `${name} runs no model but would carry ONNX Runtime, imported by ${carrier}`,
    );
  }
}

/** The source file that brings ONNX Runtime into a build, if one does. */
export function findModelRuntime(metafile: Pick<Metafile, 'inputs'>): string | undefined {
  return Object.entries(metafile.inputs).find(([, { imports }]) =>
    imports.some(({ path, original }) =>
      [path, original ?? ''].some((name) => name.includes('onnxruntime')),
    ),
  )?.[0];
}
