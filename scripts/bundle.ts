import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { createCommand, runCommand } from '#shared/cli/run-command.ts';
import { SpanstreamError } from '#shared/errors.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const worker = 'shared/nlp/worker.ts';
const runtime = 'onnxruntime-node';

/** What is bundled: entry points by output file, and whether models run in it. */
const targets = {
  inference: { entries: { index: 'consumers/inference/handler.ts', worker }, models: true },
  http: { entries: { index: 'consumers/http/handler.ts', worker }, models: true },
  metrics: { entries: { index: 'consumers/metrics/handler.ts' }, models: false },
  bootstrap: { entries: { index: 'local/lambda/bootstrap.ts' }, models: false },
} as const satisfies Record<string, { entries: Record<string, string>; models: boolean }>;

/** Something that `bundle` makes. */
export type BundleName = keyof typeof targets;

/** Names of everything that `bundle` makes. */
export const bundleNames = Object.keys(targets) as BundleName[];

/** esbuild's settings for every bundle; packages of CommonJS find their `require` in the banner. */
export const bundleSettings = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minify: false,
  sourcemap: true,
  metafile: true,
  logLevel: 'silent',
  absWorkingDir: root,
  external: [runtime],
  // ES modules first: what a function does not use of the SDK falls away, and it loads in three quarters of the time.
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
} as const satisfies BuildOptions;

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
  const names = options.only ?? bundleNames;
  await mkdir(outdir, { recursive: true });
  await linkModules(outdir);
  const made = await Promise.all(names.map((name) => bundleOne(name, join(outdir, name))));
  return Object.fromEntries(made);
}

async function bundleOne(name: BundleName, outdir: string): Promise<[BundleName, string]> {
  const { entries, models } = targets[name];
  const { metafile } = await build({
    ...bundleSettings,
    entryPoints: Object.entries(entries).map(([out, entry]) => ({ in: join(root, entry), out })),
    outdir,
  }).catch((cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SpanstreamError('bundle-failed', `${name} does not bundle: ${message}`, { cause });
  });
  const carrier = models ? undefined : findModelRuntime(metafile);
  if (carrier !== undefined) {
    throw new SpanstreamError(
      'bundle-failed',
      `${name} runs no model but would carry ONNX Runtime, imported by ${carrier}`,
    );
  }
  return [name, outdir];
}

/** The source file that brings ONNX Runtime into a build, if one does. */
export function findModelRuntime(metafile: Pick<Metafile, 'inputs'>): string | undefined {
  return Object.entries(metafile.inputs).find(([, { imports }]) =>
    imports.some(({ path, original }) =>
      [path, original ?? ''].some((name) => name.includes('onnxruntime')),
    ),
  )?.[0];
}

async function linkModules(outdir: string): Promise<void> {
  const inside = !relative(root, outdir).startsWith('..');
  const link = join(outdir, 'node_modules');
  const modules = join(root, 'node_modules');
  // A folder that is kept may hold the link of a checkout that has moved since.
  if (inside || (await readlink(link).catch(() => undefined)) === modules) return;
  await rm(link, { force: true });
  // A junction is what Windows lets everybody make; elsewhere it is a plain link.
  await symlink(modules, link, 'junction');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const command = createCommand('build', 'Bundles the functions into dist/.')
    .option('--outdir <dir>', 'folder to write to', 'dist')
    .action(async ({ outdir, json }: { outdir: string; json?: boolean }) => {
      const started = performance.now();
      const made = await bundle({ outdir });
      const milliseconds = Math.round(performance.now() - started);
      if (json) process.stdout.write(`${JSON.stringify({ bundles: made, milliseconds })}\n`);
      else {
        process.stdout.write(`${Object.keys(made).join(', ')} in ${outdir} (${milliseconds} ms)\n`);
      }
    });
  await runCommand(command);
}
