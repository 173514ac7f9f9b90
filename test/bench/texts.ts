import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ConfigurationError } from '#shared/errors.ts';

const line = z.object({ text: z.string() });

/** Reads texts from JSON Lines with a `text` each, or from plain lines. */
export async function readTexts(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((one) => one.trim() !== '');
  return path.endsWith('.jsonl') ? lines.map((one) => line.parse(JSON.parse(one)).text) : lines;
}

/** The fixtures' texts, all files together. */
export async function fixtureTexts(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.jsonl')).sort();
  if (files.length === 0) {
    throw new ConfigurationError(`${folder} holds no .jsonl file; name one with --texts`);
  }
  return (await Promise.all(files.map((name) => readTexts(join(folder, name))))).flat();
}

/** The first of the fixtures' records, each as its JSON. */
export async function fixtureRecords(folder: string, count: number): Promise<string[]> {
  const lines = (await readFile(join(folder, 'records.jsonl'), 'utf8')).trim().split('\n');
  if (lines.length >= count) return lines.slice(0, count);
  throw new ConfigurationError(`${folder} holds ${lines.length} records, fewer than ${count}`);
}

/** Cuts texts into sentences, as far as punctuation shows them, and leaves out those of less than two words. */
export function sentencesOf(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split(/(?<=[.!?]["')\]]?)\s+(?=["'([]?\p{Lu})|\n+/u))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.includes(' '));
}

/** Glues sentences together to texts of about `size` characters. */
export function paragraphsOf(sentences: readonly string[], size: number): string[] {
  const paragraphs: string[] = [];
  let open = '';
  for (const sentence of sentences) {
    open = open === '' ? sentence : `${open} ${sentence}`;
    if (open.length >= size) {
      paragraphs.push(open.slice(0, size));
      open = '';
    }
  }
  return paragraphs;
}
