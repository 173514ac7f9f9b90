import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createCommand, print, runCommand } from '#shared/cli/run-command.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { buildPage } from './build-page.ts';

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);

type Paths = Readonly<Record<string, string>>;

interface PackageManifest {
  readonly name: string;
  readonly exports?: Paths;
  readonly imports?: Paths;
  readonly bin?: Paths;
  readonly dependencies?: Paths;
}

/** What a package holds besides that to which its `exports` and `bin` lead. */
interface Contents {
  /** Modules that no import names, such as worker threads. */
  readonly modules?: readonly string[];
  /** Files and folders that are copied. */
  readonly copies?: readonly string[];
  /** Whether the functions come along, bundled, in `functions/`. */
  readonly functions?: boolean;
  /** Whether the console comes along, as it was built, in `console/`. */
  readonly page?: boolean;
}

const packages: Readonly<Record<string, Contents>> = {
  producers: {},
  'shared/nlp': { modules: ['shared/nlp/worker.ts'] },
  local: { modules: ['local/lambda/bootstrap.ts'] },
  '.': {
    copies: [
      ...['models/manifest.json', 'models/minilm-l6-acceptability', 'models/minilm-l6-en'],
      ...['models/minilm-l6-multilingual', 'models/minilm-l6-qa'],
      ...['fixtures/texts/README.md', 'fixtures/texts/poison.json', 'fixtures/texts/records.jsonl'],
    ],
    functions: true,
    page: true,
  },
};

/**
 * Builds each package in a folder under `<outdir>/staged` and packs it into `<outdir>/*.tgz`.
 *
 * A package holds the sources that it reaches, compiled, in this repository's tree: so paths between files stay as they are, and
 * what it uses of `shared/` comes along. Its manifest is the workspace's, with paths to what was compiled.
 *
 * @returns the packed file of each package by its name
 * @throws {SpanstreamError} where a manifest names too few dependencies, or one for nothing
 */
export async function packAll(outdir: string): Promise<Record<string, string>> {
  await rm(outdir, { recursive: true, force: true });
  const packed: Record<string, string> = {};
  for (const [folder, contents] of Object.entries(packages)) {
    const manifest = await readPackageManifest(folder);
    const staged = join(outdir, 'staged', basename(manifest.name));
    await stage(folder, manifest, contents, staged);
    const { stdout } = await run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', outdir],
      { cwd: staged },
    );
    const [entry] = JSON.parse(stdout) as [{ filename: string }];
    packed[manifest.name] = join(outdir, entry.filename);
  }
  return packed;
}

async function stage(
  folder: string,
  manifest: PackageManifest,
  contents: Contents,
  staged: string,
): Promise<void> {
  const dist = join(staged, 'dist');
  const faces = [manifest.exports, manifest.bin].flatMap((paths) => Object.values(paths ?? {}));
  const entries = [...faces.map((path) => posix.join(folder, path)), ...(contents.modules ?? [])];
  await mkdir(staged, { recursive: true });
  await compile(entries, staged);
  await checkDependencies(manifest, dist);
  if (contents.functions) {
    const outdir = join(dist, 'functions');
    await run(process.execPath, ['--import', 'tsx', 'scripts/bundle.ts', '--outdir', outdir], {
      cwd: root,
    });
  }
  if (contents.page) await buildPage(join(dist, 'console'));
  for (const path of contents.copies ?? []) {
    await cp(join(root, path), join(dist, path), { recursive: true });
  }
  await writeJson(join(staged, 'package.json'), await publishedManifest(folder, manifest, dist));
  await copyFile(join(root, folder, 'README.md'), join(staged, 'README.md'));
  await copyFile(join(root, 'LICENSE'), join(staged, 'LICENSE'));
}

async function compile(entries: readonly string[], staged: string): Promise<void> {
  const configuration = join(staged, 'tsconfig.json');
  await writeJson(configuration, {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rootDir: root,
      outDir: 'dist',
      rewriteRelativeImportExtensions: true,
      // `npm run typecheck` has done so. Here it would object to `#…` imports, which the packed manifest maps.
      noCheck: true,
    },
    include: [],
    files: entries.map((entry) => join(root, entry)),
  });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [compiler, '-p', configuration]).catch(({ stdout, message }) => {
    throw new SpanstreamError('pack-failed', stdout || message);
  });
  await rm(configuration);
}

/** Compares the packages that compiled files import with those of the manifest, and their versions with the root's. */
async function checkDependencies(manifest: PackageManifest, dist: string): Promise<void> {
  const { dependencies: rootVersions = {} } = await readPackageManifest('.');
  const named = Object.entries(manifest.dependencies ?? {});
  const files = await readdir(dist, { recursive: true, withFileTypes: true });
  const sources = await Promise.all(
    files
      .filter(({ name }) => /\.(?:js|d\.ts)$/.test(name))
      .map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
  );
  const code = sources.join('\n');
  const imported = code.matchAll(
    /(?:from|import|import\() ?'(?!node:|[.#])((?:@[\w-]+\/)?[\w.-]+)/g,
  );
  const missing = [...imported]
    .map(([, name]) => name)
    .filter((name) => !named.some(([known]) => known === name || known === `@types/${name}`));
  // CommonJS packages are loaded by name.
  const idle = named.filter(([name]) => !code.includes(`'${name.replace('@types/', '')}`));
  const odd = named.filter(([name, version]) => rootVersions[name] !== version);
  for (const [fault, names] of Object.entries({
    'imports, without naming them,': new Set(missing),
    'names for nothing': new Set(idle.map(([name]) => name)),
    'names in other versions than the root': new Set(odd.map(([name]) => name)),
  })) {
    if (names.size === 0) continue;
    throw new SpanstreamError('pack-failed', `${manifest.name} ${fault}: ${[...names].join(', ')}`);
  }
}

async function publishedManifest(folder: string, manifest: PackageManifest, dist: string) {
  const { imports: rooms = {} } = await readPackageManifest('.');
  const present = new Set(await readdir(dist));
  const compiled = <T>(paths: Paths | undefined, toPath: (path: string) => T) =>
    paths && Object.fromEntries(Object.entries(paths).map(([key, path]) => [key, toPath(path)]));
  const toCode = (path: string) => `./dist/${posix.join(folder, path).replace(/\.ts$/, '.js')}`;
  const {
    private: _,
    scripts,
    devDependencies,
    workspaces,
    ...rest
  } = manifest as PackageManifest & Record<string, unknown>;
  return {
    ...rest,
    exports: compiled(manifest.exports, (path) => {
      const code = toCode(path);
      return { types: code.replace(/\.js$/, '.d.ts'), default: code };
    }),
    bin: compiled(manifest.bin, toCode),
    imports: Object.fromEntries(
      Object.keys(rooms)
        .map((key) => /^#(\w+)\/\*$/.exec(key)?.[1] ?? '')
        .filter((room) => present.has(room))
        .map((room) => [`#${room}/*.ts`, `./dist/${room}/*.js`]),
    ),
    files: ['dist'],
  };
}

async function readPackageManifest(folder: string): Promise<PackageManifest> {
  return JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as PackageManifest;
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const command = createCommand('pack', 'Builds every workspace and packs it.')
    .option('--outdir <dir>', 'folder to write to', 'dist/packages')
    .action(async ({ outdir, json }: { outdir: string; json?: boolean }) => {
      const packed = await packAll(resolve(outdir));
      const lines = Object.entries(packed).map(([name, file]) => `${name} in ${file}`);
      print(lines, json && { packages: packed });
    });
  await runCommand(command);
}
