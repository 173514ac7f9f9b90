import { InvalidArgumentError } from 'commander';
import { parseIsoTime } from '#shared/contracts/iso-time.ts';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** A time span in its largest whole unit, such as `3h`. */
export function shortSpan(milliseconds: number): string {
  for (const [unit, size] of UNITS) {
    if (milliseconds >= size) return `${Math.floor(milliseconds / size)}${unit}`;
  }
  return `${Math.max(0, Math.floor(milliseconds / 1_000))}s`;
}

/** Reads a time span such as `90s`, `30m`, `2h` or `7d` as milliseconds; undefined where it is none. */
export function parseSpan(text: string): number | undefined {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  if (!match) return undefined;
  const size = UNITS.find(([unit]) => unit === match[2])?.[1] ?? 1_000;
  return Number(match[1]) * size;
}

/** Option parser for a time span, in milliseconds. */
export function timeSpan(text: string): number {
  const milliseconds = parseSpan(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError('it must be a time span such as 90s, 30m, 2h or 7d.');
}

/** Option parser for a moment: a time, or how long ago it was; as arrival times are kept, in UTC with milliseconds. */
export function pastTime(text: string): string {
  const span = parseSpan(text);
  const time = span === undefined ? parseIsoTime(text) : Date.now() - span;
  const utc = time === undefined ? '' : isoTime(time);
  if (/^\d{4}-/.test(utc)) return utc;
  throw new InvalidArgumentError(
    'it must be an ISO 8601 time with a zone, such as 2026-01-31T12:00:00Z, or a time span before now, such as 30m, 2h or 7d.',
  );
}

function isoTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
