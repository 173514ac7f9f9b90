import { appendFile, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { median } from './children.ts';
import { type Figure, figuresOf } from './figures.ts';
import type { BenchResult } from './result.ts';

const file = fileURLToPath(new URL('./history.jsonl', import.meta.url));
/** A figure has fallen where it is worse by more than a third than the median of what was recorded. */
const TOLERATED = 2 / 3;

const runSchema = z.strictObject({
  date: z.iso.date(),
  processor: z.string(),
  vnni: z.boolean(),
  figures: z.record(z.string(), z.number()),
});
/** What is kept of a run: its figures, and the processor they are of. */
export type RecordedRun = z.infer<typeof runSchema>;

/** A figure that is worse than it was. */
export interface Fall extends Figure {
  /** Median of the runs recorded on processors of the kind. */
  readonly before: number;
}

/** Reads the runs recorded so far, oldest first. */
export async function readHistory(): Promise<RecordedRun[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => runSchema.parse(JSON.parse(line)));
}

/** Adds a run to the history, which belongs to the repository. */
export async function recordRun(result: BenchResult, date: string): Promise<void> {
  const run: RecordedRun = {
    date,
    processor: result.processor.model,
    vnni: result.processor.vnni === true,
    figures: Object.fromEntries(
      figuresOf(result).map(({ name, value }) => [name, +value.toPrecision(4)]),
    ),
  };
  await appendFile(file, `${JSON.stringify(run)}\n`);
}

/** The steady figures that are worse by more than a third than the median of the runs on processors of the kind: with VNNI, or without. */
export function fallsOf(result: BenchResult, history: readonly RecordedRun[]): Fall[] {
  const runs = history.filter(({ vnni }) => vnni === (result.processor.vnni === true));
  return figuresOf(result).flatMap((figure) => {
    const recorded = runs.flatMap(({ figures }) => figures[figure.name] ?? []);
    if (recorded.length === 0 || !figure.steady) return [];
    const before = median(recorded);
    const kept = figure.better === 'more' ? figure.value / before : before / figure.value;
    return kept < TOLERATED ? [{ ...figure, before }] : [];
  });
}
