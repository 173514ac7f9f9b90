import { shortSpan } from '#shared/cli/time-span.ts';
import { readUnitUsd, usdPerMillionByService, workloadOf } from '#shared/cost.ts';
import { itemSize } from '#shared/results-table/item-size.ts';
import type { Settings } from '#shared/settings.ts';
import type { Survey } from './replay-results.ts';

/** What a replay would take; of a result whose text is not there nothing but its reading. */
export interface Estimate {
  readonly records: number;
  readonly seconds: number;
  readonly usd: number;
}

/** Estimates by a sample: time by the rate, cost at list prices of what every record goes through, the stream's hours aside. */
export function estimateReplay(survey: Survey, rate: number, settings: Settings): Estimate {
  const { chosen, sample } = survey;
  const records = sample.flatMap(({ replayed }) => ('record' in replayed ? [replayed.record] : []));
  const share = sample.length === 0 ? 0 : records.length / sample.length;
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const resultKilobytes = mean(sample.map(({ bytes }) => bytes / 1024));
  const recordKilobytes = mean(records.map((record) => itemSize(record) / 1024));
  const read = mean(
    records.map(({ text, questions = [] }) => (itemSize(text) / 1024) * (1 + questions.length)),
  );
  const { kinesisHours: _, ...usd } = usdPerMillionByService(
    workloadOf(settings, {
      arrivalsPerSecond: rate,
      ...{ recordKilobytes, resultKilobytes },
      readKilobytes: Math.max(read, 0.04),
    }),
  );
  const count = Math.round(chosen * share);
  const usdEach = Object.values(usd).reduce((sum, one) => sum + one, 0) / 1e6;
  const unitsEach = Math.ceil(resultKilobytes / 4);
  return {
    records: count,
    seconds: Math.ceil(count / rate),
    usd: Number((count * usdEach + chosen * unitsEach * readUnitUsd).toFixed(6)),
  };
}

/** What there is, what of it would be sent, and what that takes. */
export function surveyLines(
  survey: Survey,
  { records, seconds, usd }: Estimate,
  { running, rate }: { running: string | undefined; rate: number },
): string[] {
  const { found, byPipeline, leftOut, chosen } = survey;
  const versions = [...byPipeline].sort(([, a], [, b]) => b - a);
  const missing = chosen - records;
  return [
    `found ${found} results`,
    ...versions.map(([version, count]) => {
      const isRunning = version === running ? '  (runs now)' : '';
      return `  ${String(count).padStart(String(found).length)} of pipeline ${version}${isRunning}`;
    }),
    ...(leftOut.current > 0
      ? [
          `left out ${leftOut.current} of the pipeline that runs: it would make them again as they are (--pipeline ${running} sends them)`,
        ]
      : []),
    ...(leftOut.onDemand > 0
      ? [`left out ${leftOut.onDemand} that were asked over HTTP (--source http sends them)`]
      : []),
    ...(missing > 0
      ? [`about ${missing} cannot be sent: stored without their text, or with it redacted`]
      : []),
    records === 0
      ? 'nothing to send'
      : `to send: ${missing > 0 ? 'about ' : ''}${records} records, at ${rate} a second in about ${shortSpan(seconds * 1_000)}, for about $${usd.toFixed(usd < 1 ? 4 : 2)} at list prices`,
  ];
}
