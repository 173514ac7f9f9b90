import type { SoakOutcome } from './run-soak.ts';

const write = (line = '') => process.stdout.write(`${line}\n`);
const inSeconds = (ms: number) => (ms / 1_000).toFixed(1);

/** What breaks the rule, from the books and the samples, in words. */
export function failuresOf({ report, judgement }: SoakOutcome): string[] {
  const { lost, doubled, wrongReason, metrics } = report;
  const wrong = Object.entries(metrics).filter(([, { published, table }]) => published !== table);
  return [
    ...lost.map((what) => `lost: ${what}`),
    ...doubled.map((what) => `doubled: ${what}`),
    ...wrongReason.map((what) => `parked wrongly: ${what}`),
    ...wrong.map(
      ([name, { published, table }]) => `${name}: published ${published}, table ${table}`,
    ),
    ...judgement.failures,
  ];
}

/** Prints the outcome of a run to standard output. */
export function print(outcome: SoakOutcome): void {
  const { put, seconds, report, judgement } = outcome;
  const { memory, memoryJudged, lag } = judgement;
  write();
  if (outcome.interrupted)
    write(`Interrupted after ${seconds.toFixed(0)} s; what was seen so far:`);
  write(`put      ${put} in ${seconds.toFixed(0)} s (${(put / seconds).toFixed(1)} a second)`);
  write(`stored   ${report.results} results, ${report.rejected} rejections`);
  write(`lost     ${report.lost.length}`);
  write(`doubled  ${report.doubled.length}`);
  write();
  write('memory, MB       warm-up       end   slope an hour');
  for (const { process, warmMb, endMb, slopeMbPerHour } of memory) {
    const cells = [warmMb, endMb].map((value) => value.toFixed(1).padStart(10)).join('');
    write(`  ${process.padEnd(12)}${cells}${slopeMbPerHour.toFixed(1).padStart(16)}`);
  }
  if (!memoryJudged) write('  shown and not judged: the run is too short for that');
  write();
  write('lag, s            median       p95       max');
  for (const [part, spread] of Object.entries(lag)) {
    const cells = [spread.median, spread.p95, spread.max].map((ms) => inSeconds(ms).padStart(10));
    write(`  ${`${part} quarter`.padEnd(12)}${cells.join('')}`);
  }
  const failures = failuresOf(outcome);
  write();
  write(failures.length === 0 ? 'The rule holds.' : 'The rule does NOT hold:');
  for (const failure of failures.slice(0, 20)) write(`  ${failure}`);
  if (failures.length > 20) write(`  and ${failures.length - 20} more`);
}

/** The outcome as the one JSON object of `--json`. */
export function summary(outcome: SoakOutcome) {
  const { put, seconds, interrupted, report, judgement } = outcome;
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    put,
    stored: report.results + report.rejected,
    rejected: report.rejected,
    lost: report.lost.length,
    doubled: report.doubled.length,
    memory: Object.fromEntries(
      judgement.memory.map(({ process, warmMb, endMb, slopeMbPerHour }) => [
        process,
        {
          warmMb: round(warmMb),
          endMb: round(endMb),
          slopeMbPerHour: round(slopeMbPerHour),
        },
      ]),
    ),
    memoryJudged: judgement.memoryJudged,
    lagMs: judgement.lag,
    failures: failuresOf(outcome),
    interrupted,
    seconds: round(seconds),
  };
}
