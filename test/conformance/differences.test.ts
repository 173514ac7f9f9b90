import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { differences } from './support/differences.ts';

const page = new URL('../../docs/conformance.md', import.meta.url);

/** The literals of a folder's files, titles of tests among them; of a template what stands before its first hole. */
async function literalsOf(folder: URL) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.test.ts'));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  const literals = texts
    .flatMap((text) => [...text.matchAll(/'([^'\n]+)'|`([^`]+)`/g)])
    .map(([, text, template = '']) => text ?? template);
  const holes = literals.filter((literal) => literal.includes('${'));
  return {
    literals,
    openings: holes.map((literal) => literal.split('${')[0] ?? '').filter(Boolean),
  };
}

const suites = await literalsOf(new URL('./', import.meta.url));
const recordings = await literalsOf(new URL('./recordings/', import.meta.url));

describe('docs/conformance.md', () => {
  it('has a row for each line of its tables of tests', async () => {
    const lines = (await readFile(page, 'utf8')).match(/^\| `.*$/gm) ?? [];

    expect(lines.length).toBeGreaterThan(10);
    expect(differences).toHaveLength(lines.length);
  });

  it.each(differences)('names tests that there are: $title', ({ title, aws }) => {
    const words = title.replace(/ ?…$/, '');
    const begins = (literal: string) => literal.startsWith(words);
    const isSuite = suites.literals.some(begins);
    const isFact =
      recordings.literals.some(begins) ||
      recordings.openings.some((opening) => words.startsWith(opening));

    expect(isSuite || isFact).toBe(true);
    // What AWS does is recorded where the test is one of a recording, and documented elsewhere.
    expect(aws).toMatch(isSuite ? /\(D\)$/ : /\(R\)$/);
  });
});
