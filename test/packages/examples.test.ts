import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks } from './code-blocks.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const packages = {
  '@spanstream/producer': 'producers',
  '@spanstream/nlp': 'shared/nlp',
  '@spanstream/local': 'local',
};

/** What an example may speak of that another one made. */
const known = {
  producer: "import('@spanstream/producer').Producer",
  engine: "import('@spanstream/nlp').TextEngine",
  cloud: "import('@spanstream/local').LocalCloud",
  streamArn: 'string',
};

interface Sources {
  /** Code by path. */
  readonly files: ReadonlyMap<string, string>;
  /** What the package's files declare for others. */
  readonly exported: readonly string[];
  /** Doc comments of functions by name. */
  readonly comments: ReadonlyMap<string, string>;
}

async function readSources(folder: string): Promise<Sources> {
  const names = await readdir(join(root, folder), { recursive: true });
  const files = new Map<string, string>();
  for (const name of names.filter((path) => path.endsWith('.ts'))) {
    files.set(join(folder, name), await readFile(join(root, folder, name), 'utf8'));
  }
  const code = [...files.values()].join('\n');
  const declarations = /^export (?:async )?(?:function|interface|class|const|type) (\w+)/gm;
  const functions = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:async )?function (\w+)/g;
  return {
    files,
    exported: [...code.matchAll(declarations)].map(([, name = '']) => name),
    comments: new Map(
      [...code.matchAll(functions)].map(([, text = '', name = '']) => [name, text]),
    ),
  };
}

/** The examples of doc comments, each as a module that imports what it uses of its package. */
function examplesOf(name: string, { files, exported }: Sources): [string, string][] {
  return [...files].flatMap(([path, code]) =>
    [...code.matchAll(/^ *\* @example\n((?: *\* (?!@).*\n)+)/gm)].map(([, lines = '']) => {
      const body = lines.replace(/^ *\* /gm, '');
      // A word after a dot or before a colon names a property.
      const uses = (word: string) =>
        new RegExp(`(?<!\\.)\\b${word}\\b(?!:)`).test(body) &&
        !new RegExp(`const ${word}\\b`).test(body);
      const declared = Object.entries(known)
        .filter(([word]) => uses(word))
        .map(([word, type]) => `declare const ${word}: ${type};`);
      const imported = exported.filter(uses).join(', ');
      return [path, [`import { ${imported} } from '${name}';`, ...declared, body].join('\n')];
    }),
  );
}

describe('what a reader would copy', () => {
  const sources = new Map<string, Sources>();

  beforeAll(async () => {
    for (const [name, folder] of Object.entries(packages)) {
      sources.set(name, await readSources(folder));
    }
  });

  it('compiles: examples of doc comments, and code in Markdown', async () => {
    const examples = [...sources].flatMap(([name, source]) => examplesOf(name, source));
    const docs = (await readdir(join(root, 'docs'), { recursive: true }))
      .filter((path) => path.endsWith('.md') && !path.startsWith('node_modules'))
      .map((path) => join('docs', path));
    const readmes = Object.values(packages).map((folder) => join(folder, 'README.md'));
    for (const path of ['README.md', 'CONTRIBUTING.md', ...readmes, ...docs]) {
      const markdown = await readFile(join(root, path), 'utf8');
      examples.push(...codeBlocks(markdown).map((code): [string, string] => [path, code]));
    }
    expect(examples.length).toBeGreaterThan(5);

    // Inside the repository, where the names of packages lead to their sources.
    const folder = join(root, 'dist/examples');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const files = await Promise.all(
      examples.map(async ([path, code], index) => {
        const file = `${path.replace(/\W+/g, '-')}-${index}.ts`;
        await writeFile(join(folder, file), `${code}\nexport {};\n`);
        return file;
      }),
    );
    const compilerOptions = { noUnusedLocals: false };
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, files, include: [] }),
    );
    const { stdout } = await run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false'],
      { cwd: folder },
    ).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it.each(Object.entries(packages))('%s has an example for each function', async (name, folder) => {
    const face: Record<string, unknown> = await import(join(root, folder, 'index.ts'));
    const functions = Object.keys(face).filter(
      (key) => /^[a-z]/.test(key) && typeof face[key] === 'function',
    );
    expect(functions).not.toHaveLength(0);
    const comments = sources.get(name)?.comments;
    expect(functions.filter((key) => !comments?.get(key)?.includes('@example'))).toEqual([]);
  });
});
