import type { SurveyedFailure } from '#shared/dead-letters/redrive.ts';

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

/** A table of parked objects by reason and age, one line each reason. */
export function failuresTable(failures: readonly SurveyedFailure[], now: number): string[] {
  const reasons = [...new Set(failures.map(({ reason }) => reason))].sort();
  const rows = reasons.map((reason) => {
    const group = failures.filter((failure) => failure.reason === reason);
    const ages = group.map(({ parkedAt }) => now - parkedAt);
    const count = (state: SurveyedFailure['state']) =>
      String(group.filter((failure) => failure.state === state).length);
    const youngest = ages.reduce((least, age) => Math.min(least, age));
    const oldest = ages.reduce((most, age) => Math.max(most, age));
    return [
      reason,
      String(group.length),
      count('waiting'),
      count('uncertain'),
      count('redriven'),
      shortSpan(youngest),
      shortSpan(oldest),
    ];
  });
  const lines = [
    ['reason', 'objects', 'waiting', 'uncertain', 'redriven', 'youngest', 'oldest'],
    ...rows,
  ];
  const widths = lines[0]?.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths?.[column] ?? 0) : cell.padStart(widths?.[column] ?? 0),
      )
      .join('  '),
  );
}
