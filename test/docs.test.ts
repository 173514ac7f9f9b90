import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseSettings } from '#shared/settings.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFile(join(root, path), 'utf8');

/** Columns of a screen on which a table is read. */
const SCREEN = 120;
/** What is made or fetched, and so in no clone. */
const made = /^(?:dist|cdk\.out|coverage|node_modules|\.git|\.spanstream)$/;

/** A Markdown page: its prose is without the blocks of code, whose lines are empty there. */
interface Page {
  readonly path: string;
  readonly text: string;
  readonly prose: string;
}

const linesOf = (text: string) => text.split('\n').map((line, index) => [line, index + 1] as const);

/** Code between backticks of a page's prose. */
const spansOf = ({ prose }: Page) =>
  [...prose.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, code = '']) => code);

/** Anchors of a page's headings, as GitHub makes them. */
const anchorsOf = ({ prose }: Page) =>
  [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('the pages', () => {
  let files: readonly string[];
  let folders: ReadonlySet<string>;
  let pages: readonly Page[];

  beforeAll(async () => {
    files = await filesOf('.');
    folders = new Set(files.flatMap(foldersOf));
    pages = await Promise.all(
      files
        .filter((path) => path.endsWith('.md'))
        .map(async (path) => {
          const text = await read(path);
          const prose = text.replace(/^( *)```[\s\S]*?^\1```$/gm, (block) =>
            block.replace(/[^\n]/g, ''),
          );
          return { path, text, prose };
        }),
    );
    expect(pages.length).toBeGreaterThan(20);
  });

  const exists = (path: string) => files.includes(path) || folders.has(path.replace(/\/$/, ''));

  it('link to what is there, headings included', () => {
    const broken = pages.flatMap((page) =>
      [...page.prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
        if (/^[a-z]+:/.test(link)) return [];
        const [to = '', anchor] = link.split('#');
        const path = to === '' ? page.path : normalize(join(dirname(page.path), to));
        const target = pages.find((other) => other.path === path);
        const found = exists(path) && (!anchor || (target && anchorsOf(target).includes(anchor)));
        return found ? [] : [`${page.path}: ${link}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('name files and folders that are there', () => {
    // A changelog may name what is gone.
    const missing = pages
      .filter(({ path }) => path !== 'CHANGELOG.md')
      .flatMap((page) =>
        spansOf(page)
          .filter((code) => isPath(code) && !found(code, page))
          .map((code) => `${page.path}: ${code}`),
      );
    expect(missing).toEqual([]);
  });

  /** Whether code names a file by its extension, or what lies under a folder of the top level. */
  function isPath(code: string): boolean {
    if (!/^[\w.@-][\w.@/*{},-]*$/.test(code)) return false;
    const [first = '', ...rest] = code.split('/');
    return rest.length > 0 ? folders.has(first) : /.\.(?:ts|mjs|py|md)$/.test(code);
  }

  /** Whether it is there: from the root, beside the page, or (a name alone) anywhere. `*` and `{a,b}` stand for what fits. */
  function found(code: string, page: Page): boolean {
    const alternatives = code.replace(/\/$/, '').replace(/[.*]|\{[^}]*\}/g, (part) => {
      if (part === '.') return '\\.';
      if (part === '*') return '[^/]*';
      return `(?:${part.slice(1, -1).replaceAll('.', '\\.').replaceAll(',', '|')})`;
    });
    const pattern = new RegExp(`^${alternatives}$`);
    const nearby = new RegExp(`^${join(dirname(page.path), '/')}${alternatives}$`);
    const all = [...files, ...folders];
    return all.some(
      (path) =>
        pattern.test(path) ||
        nearby.test(path) ||
        (!code.includes('/') && pattern.test(basename(path))),
    );
  }

  it('name scripts and commands that there are, and their options', async () => {
    const { scripts } = JSON.parse(await read('package.json')) as {
      scripts: Record<string, string>;
    };
    const commands = new Set(
      [...(await read('scripts/spanstream.ts')).matchAll(/^ {2}\['(\w+)', /gm)].map(([, n]) => n),
    );
    expect(commands.size).toBeGreaterThan(5);
    const wrong: string[] = [];
    for (const { path, text } of pages) {
      for (const [call, script = ''] of text.matchAll(/npm run (?:--\w+ )*([\w:-]+)[^`\n]*/g)) {
        const file = /(\S+\.ts)$/.exec(scripts[script] ?? '')?.[1];
        const source = file && (await read(file));
        const options = [...call.matchAll(/ --([a-z][a-z0-9-]+)/g)].map(
          ([, option = '']) => option,
        );
        const unknown = options.filter(
          (option) =>
            !['json', 'help', 'silent'].includes(option) &&
            !source?.includes(`'--${option} `) &&
            !source?.includes(`'--${option}'`),
        );
        if (scripts[script] === undefined || (source && unknown.length > 0))
          wrong.push(`${path}: ${call}`);
      }
      for (const [call, names = ''] of text.matchAll(/npx spanstream ([\w|]+)/g)) {
        if (names.split('|').some((name) => !commands.has(name))) wrong.push(`${path}: ${call}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('name settings that there are', () => {
    const settings = parseSettings({
      inference: { reservedConcurrency: 2, provisionedConcurrency: 1 },
      http: { reservedConcurrency: 2, provisionedConcurrency: 1 },
      results: { redact: { mode: 'mask', kinds: ['EMAIL'] } },
      console: {
        domainName: 'texts.example.com',
        certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/1',
        logsBucket: 'logs',
      },
    });
    const has = (value: unknown, [name, ...rest]: string[]): boolean =>
      name === undefined ||
      (typeof value === 'object' &&
        value !== null &&
        name in value &&
        has(Reflect.get(value, name), rest));
    const wrong = pages.flatMap((page) =>
      spansOf(page)
        .filter((code) => /^[a-z]\w*(?:\.[a-z]\w*)+$/i.test(code))
        .map((code) => [code, code.split('.')] as const)
        .filter(([, [first = '']]) => typeof Reflect.get(settings, first) === 'object')
        .filter(([code, names]) => !/\.(?:ts|mjs|json)$/.test(code) && !has(settings, names))
        .map(([code]) => `${page.path}: ${code}`),
    );
    expect(wrong).toEqual([]);
  });

  it('have tables no wider than a screen', () => {
    const wide = pages.flatMap(({ path, prose }) =>
      linesOf(prose)
        .filter(([line]) => line.startsWith('|') && line.length > SCREEN)
        .map(([, at]) => `${path}:${at}`),
    );
    expect(wide).toEqual([]);
  });

  it('tell each hop of a record as a file and what it exports', async () => {
    const architecture = pages.find(({ path }) => path === 'ARCHITECTURE.md')?.text ?? '';
    const hops = [...architecture.matchAll(/`(\w+)`\s+in\s+`([\w/-]+\.ts)`/g)];
    expect(hops.length).toBeGreaterThan(15);
    const missing: string[] = [];
    for (const [, name = '', path = ''] of hops) {
      const source = await read(path).catch(() => '');
      const exported = new RegExp(`^export (?:async )?(?:function\\*?|const) ${name}\\b`, 'm');
      if (!exported.test(source)) missing.push(`${path}: ${name}`);
    }
    expect(missing).toEqual([]);
  });
});

/** Paths from the root of every file under a folder, but for what is made. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const found = entries.filter(({ name }) => !made.test(name));
  const paths = found.map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesOf(path) : [path];
  });
  return (await Promise.all(paths)).flat();
}

function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
