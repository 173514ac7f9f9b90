import { readlink, rm, symlink } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { messageOf, SpanstreamError } from '#shared/errors.ts';

/** Packages of CommonJS find their `require` here. */
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * Bundles a function into `<outdir>/<entry>.mjs`, and what its entries share or load late into files beside them.
 *
 * @param input.name named in errors
 * @param input.entries source files by the name of their output
 * @param input.external packages that stay outside the bundle, as those with native code must
 * @throws {SpanstreamError} where a source does not compile
 */
export async function bundleFunction(input: {
  readonly name: string;
  readonly entries: Readonly<Record<string, string>>;
  readonly outdir: string;
  readonly external?: readonly string[];
}): Promise<Metafile> {
  const { name, entries, outdir, external = [] } = input;
  try {
    const { metafile } = await build({
      entryPoints: { ...entries },
      outdir,
      external: [...external],
      bundle: true,
      // What is imported when it is needed lies in files of its own, which are read then.
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      minify: false,
      sourcemap: true,
      metafile: true,
      logLevel: 'silent',
      // ES modules first: what a function does not use of the SDK falls away, and it loads in three quarters of the time.
      mainFields: ['module', 'main'],
      outExtension: { '.js': '.mjs' },
      banner: { js: banner },
    });
    return metafile;
  } catch (cause) {
    const message = `${name} does not bundle: ${messageOf(cause)}`;
    throw new SpanstreamError('bundle-failed', message, { cause });
  }
}

/** Bundles the runtime client, which runs every function, into `<outdir>/index.mjs`. */
export async function bundleBootstrap(outdir: string): Promise<void> {
  // TypeScript in a checkout, JavaScript in a package.
  const source = new URL(`./bootstrap${extname(import.meta.url)}`, import.meta.url);
  await bundleFunction({ name: 'bootstrap', entries: { index: fileURLToPath(source) }, outdir });
}

/** Lets what is bundled under a folder find its external packages: links a `node_modules` folder into it. */
export async function linkModules(folder: string, modules: string): Promise<void> {
  const link = join(folder, 'node_modules');
  // A folder that is kept may hold the link of a checkout that has moved since.
  if ((await readlink(link).catch(() => undefined)) === modules) return;
  await rm(link, { force: true });
  // A junction is what Windows lets everybody make; elsewhere it is a plain link.
  await symlink(modules, link, 'junction');
}
