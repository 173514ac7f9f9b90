import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../../scripts/build-page.ts';

const MOST_BYTES = 200 * 1024;

describe('the page as it is built', () => {
  let folder: string;
  let files: Map<string, Buffer>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spanstream-page-'));
    const page = join(folder, 'console');
    await buildPage(page);
    const entries = await readdir(page, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    files = new Map(
      await Promise.all(paths.map(async (path) => [path, await readFile(path)] as const)),
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('takes less than 200 KB, gzipped, in all', () => {
    const sizes = [...files.values()].map((bytes) => gzipSync(bytes).length);

    expect(files.size).toBeGreaterThan(3);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(MOST_BYTES);
  });

  it('has nothing inline and no address of another origin, and brings no validation along', () => {
    for (const [path, bytes] of files) {
      const text = bytes.toString('utf8');
      if (path.endsWith('.html'))
        expect(text).not.toMatch(/<style|<script(?![^>]* src=)| on\w+=| style=/);
      if (path.endsWith('.css')) expect(text).not.toMatch(/@import|url\((?!#)/);
      if (path.endsWith('.js')) expect(text).not.toMatch(/ZodError|\beval\(|new Function/);
    }
  });
});
