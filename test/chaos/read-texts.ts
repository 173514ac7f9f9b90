import { readFile } from 'node:fs/promises';

const fixture = new URL('../../fixtures/texts/records.jsonl', import.meta.url);

/** The short texts of the fixtures, which a workload is drawn from. */
export async function readTexts(): Promise<string[]> {
  const lines = (await readFile(fixture, 'utf8')).split('\n').filter(Boolean);
  const texts = lines.map((line) => (JSON.parse(line) as { text: string }).text);
  return texts.filter((text) => text.length < 400);
}
