import type { Failure, Result } from '../../api/contract.ts';

/** Something that happened to a record. */
export interface Moment {
  /** ISO 8601. */
  readonly at: string;
  readonly what: string;
  /** Where, and by what. */
  readonly detail: string;
}

/** What is known to have happened to a record, in the order of time. */
export function momentsOf(results: readonly Result[], failures: readonly Failure[]): Moment[] {
  const created = new Set(results.flatMap(({ createdAt }) => createdAt ?? []));
  const moments: Moment[] = [
    ...[...created].map((at) => ({ at, what: 'Written', detail: "by its author's clock" })),
    ...results.map(({ arrivedAt, shard, sequenceNumber, pipelineVersion, source }) => ({
      at: arrivedAt,
      what: source === 'http' ? 'Asked over HTTP' : 'Arrived, and was stored',
      detail: `${placeOf(shard, sequenceNumber)}; pipeline ${pipelineVersion}`,
    })),
    ...failures.flatMap(({ arrivedAt, parkedAt, redrivenAt, shard, sequenceNumber, reason }) => [
      ...(arrivedAt === undefined
        ? []
        : [{ at: arrivedAt, what: 'Arrived', detail: placeOf(shard, sequenceNumber) }]),
      { at: parkedAt, what: 'Parked', detail: reason },
      ...(redrivenAt === undefined
        ? []
        : [{ at: redrivenAt, what: 'Redriven', detail: 'through the stream again' }]),
    ]),
  ];
  return moments.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

const placeOf = (shard = 'unknown shard', sequenceNumber = ''): string =>
  shard === 'http' ? 'no stream' : `${shard}, sequence number ${sequenceNumber}`;
