import { shortSpan } from '#shared/cli/time-span.ts';
import type { SurveyedFailure } from '#shared/dead-letters/redrive.ts';

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
