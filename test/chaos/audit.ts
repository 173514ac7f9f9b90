import { unmarshall } from '@aws-sdk/util-dynamodb';
import { fromStoredItem, isResult } from '#shared/results-table/stored-item.ts';
import { type Deployed, publishedSum } from '../../scripts/demo/books.ts';
import {
  type AuditClients,
  CANARY,
  digestOf,
  type Item,
  type ParkedRecord,
  readParked,
  readStream,
  readTable,
  type StreamedBlob,
} from './books.ts';
import { type Fate, isAggregated, SECRET, type WorkloadRecord } from './workload.ts';

export type { AuditClients } from './books.ts';

/** What the books say; `lost`, `doubled` and `wrongReason` must be empty. */
export interface AuditReport {
  readonly onStream: number;
  readonly results: number;
  readonly rejected: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly wrongReason: readonly string[];
  /** By metric: what CloudWatch sums to and what the table holds. */
  readonly metrics: Readonly<
    Record<string, { readonly published: number; readonly table: number }>
  >;
}

/** Begins the ids of items that others put into the table, which nothing counts. */
export const FOREIGN = 'foreign-';

/** A record that is expected, by the digest of its blob: its place in it, and its fate. */
interface Expected {
  seen: boolean;
  readonly parts: readonly { readonly suffix: string; readonly digest: string; fate: Fate }[];
}

interface Counted {
  /** By id. */
  readonly results: ReadonlyMap<string, number>;
  readonly rejections: ReadonlySet<string>;
  readonly sums: Readonly<Record<string, number>>;
}

/**
 * Compares what was produced with what the stream, the table, the bucket and CloudWatch hold; uses nothing of the pipeline.
 * Everything is read a page at a time; what is kept of a record is its digest, its id and its fate.
 *
 * @param since earliest moment of the run
 * @param sumOf reads a metric, where its CloudWatch is not as AWS has it
 */
export async function audit(
  workload: Iterable<WorkloadRecord>,
  clients: AuditClients,
  names: Deployed['names'],
  since: Date,
  sumOf: typeof publishedSum = publishedSum,
): Promise<AuditReport> {
  const expected = expectations(workload);
  const doubled: string[] = [];
  const lost: string[] = [];
  const wrongReason: string[] = [];
  const counted = await countTable(readTable(clients.dynamodb, names.resultsTable), doubled);
  const parked = new Map<string, ParkedRecord[]>();
  for await (const one of readParked(clients.s3, names.failuresBucket)) {
    parked.set(one.position, [...(parked.get(one.position) ?? []), one]);
  }

  const settled = { results: new Set<string>(), parked: new Set<string>() };
  let onStream = 0;
  for await (const blob of readStream(clients.kinesis, names.stream)) {
    onStream += 1;
    judge(blob);
  }
  for (const { seen, parts } of expected.values()) {
    if (!seen) lost.push(`never put on the stream: ${JSON.stringify(parts).slice(0, 200)}`);
  }
  for (const id of counted.results.keys()) {
    if (!settled.results.has(id)) doubled.push(`a result of ${id}, which nobody produced`);
  }
  const strays = [...counted.rejections].filter((pk) => !settled.parked.has(pk));
  for (const pk of strays) doubled.push(`a rejection ${pk} of no poison record`);
  for (const position of parked.keys()) {
    if (!settled.parked.has(`REJ#${names.stream}#${position}`)) {
      doubled.push(`a failure object of ${position}, which is no poison record`);
    }
  }

  const metrics: Record<string, { published: number; table: number }> = {};
  const { metricsNamespace: Namespace } = names;
  for (const [MetricName, table] of Object.entries(counted.sums)) {
    const published = await sumOf(clients.cloudwatch, { Namespace, MetricName }, since);
    metrics[MetricName] = { published, table };
  }
  const { RecordsProcessed: results = 0, RecordsRejected: rejected = 0 } = counted.sums;
  return { onStream, results, rejected, lost, doubled, wrongReason, metrics };

  function judge(blob: StreamedBlob): void {
    const found = expected.get(blob.digest);
    if (found === undefined) {
      doubled.push(`a record at ${blob.position} that nobody produced`);
      return;
    }
    found.seen = true;
    for (const { suffix, digest, fate } of found.parts) {
      judgeRecord(`${blob.position}${suffix}`, digest, fate);
    }
  }

  function judgeRecord(position: string, digest: string, { id, reason }: Fate): void {
    const isStored = id !== undefined && counted.results.has(id);
    const pk = `REJ#${names.stream}#${position}`;
    const objects = parked.get(position) ?? [];
    const isParked = objects.length > 0 || counted.rejections.has(pk);
    if (isStored) settled.results.add(id);
    if (reason === undefined) {
      if (!isStored) lost.push(`no result of ${id} (${position})`);
      return;
    }
    if (isStored && !isParked) return;
    if (isStored) doubled.push(`a result and a rejection of ${id} (${position})`);
    settled.parked.add(pk);
    if (objects.length === 0) lost.push(`no failure object for ${position} (${reason})`);
    if (objects.length > 1) doubled.push(`${objects.length} failure objects for ${position}`);
    if (!counted.rejections.has(pk)) lost.push(`no rejection item for ${position}`);
    for (const object of objects) {
      if (object.reason !== reason) {
        wrongReason.push(`${position}: ${object.reason} instead of ${reason}`);
      }
      if (object.digest !== digest) wrongReason.push(`${position}: other bytes`);
    }
  }
}

function expectations(workload: Iterable<WorkloadRecord>): Map<string, Expected> {
  const expected = new Map<string, Expected>();
  for (const { data, expected: fate } of workload) {
    const digest = digestOf(data);
    const parts = isAggregated(fate)
      ? fate.map((member, index) => ({
          suffix: `.${index}`,
          digest: digestOf(member.data),
          fate: member.expected,
        }))
      : [{ suffix: '', digest, fate }];
    expected.set(digest, { seen: false, parts });
  }
  return expected;
}

async function countTable(items: AsyncIterable<Item>, doubled: string[]): Promise<Counted> {
  const results = new Map<string, number>();
  const rejections = new Set<string>();
  const sums = {
    RecordsProcessed: 0,
    RecordsRejected: 0,
    EntitiesFound: 0,
    TokensProcessed: 0,
    LanguageUnserved: 0,
    PersonalDataFound: 0,
  };
  for await (const item of items) {
    const { pk: { S: pk = '' } = {}, id: { S: id = '' } = {}, source } = item;
    if (source?.S === CANARY) continue;
    if (pk.startsWith('REJ#')) {
      rejections.add(pk);
      sums.RecordsRejected += 1;
    } else if (pk.startsWith('REC#') && !id.startsWith(FOREIGN)) {
      const count = (results.get(id) ?? 0) + 1;
      results.set(id, count);
      if (count > 1) doubled.push(`${count} results of ${id}`);
      sums.RecordsProcessed += 1;
      const { entities, personalData, isHidden, shown } = countsOf(item);
      sums.EntitiesFound += entities;
      sums.PersonalDataFound += personalData;
      sums.LanguageUnserved += item.unserved?.L?.length ? 1 : 0;
      if (isHidden && shown) doubled.push(`${id} shows what is to be hidden`);
      sums.TokensProcessed += Number(item.tokens?.N ?? 0);
    }
  }
  return { results, rejections, sums };
}

/** Large results lie packed in the table. */
function countsOf(item: Item) {
  const stored = fromStoredItem(unmarshall(item));
  const result = stored !== undefined && isResult(stored) ? stored : undefined;
  return {
    entities: result?.entities.length ?? 0,
    personalData: result?.pii?.length ?? 0,
    isHidden: result?.redacted !== undefined,
    shown: JSON.stringify(result ?? {}).includes(SECRET),
  };
}
