import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { differences } from './support/differences.ts';

const folder = new URL('./', import.meta.url);
const page = new URL('../../docs/conformance.md', import.meta.url);

describe('docs/conformance.md', () => {
  /** The tests that are run against more than one service, and those of recordings among them. */
  let suites = '';
  let recordings = '';

  beforeAll(async () => {
    const textOf = async (path: string) => {
      const names = (await readdir(new URL(path, folder))).filter((name) => name.endsWith('.ts'));
      const texts = names.map((name) => readFile(new URL(`${path}${name}`, folder), 'utf8'));
      return (await Promise.all(texts)).join('\n');
    };
    recordings = await textOf('./recordings/');
    suites = (await textOf('./')) + recordings;
  });

  it('has a row for each line of its tables of tests', async () => {
    const lines = (await readFile(page, 'utf8')).match(/^\| `.*$/gm) ?? [];

    expect(lines.length).toBeGreaterThan(10);
    expect(differences).toHaveLength(lines.length);
  });

  it.each(differences)('names tests that there are: $title', ({ title, aws }) => {
    const words = title.replace(/ ?…$/, '');

    expect(suites).toContain(words);
    // What was recorded is said of what stands among the recordings.
    expect(/\(([RD])\)$/.exec(aws)?.[1]).toBe(recordings.includes(words) ? 'R' : 'D');
  });
});
