import type {
  SourceRecord,
  SourceShard,
  StreamSource,
} from '#local/event-source-mapping/source.ts';

/** A stream in memory, with faults to order. */
export function createMemoryStream(retentionMs = 86_400_000) {
  const shards = new Map<string, SourceShard & { records: SourceRecord[]; closed: boolean }>();
  const faults: Error[] = [];
  const positions: ('TRIM_HORIZON' | 'LATEST' | { after: string })[] = [];
  const held = (shardId: string) => {
    const shard = shards.get(shardId);
    if (!shard) throw new Error(`no shard ${shardId}`);
    return shard;
  };
  const source: StreamSource = {
    kind: 'kinesis',
    arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/text',
    retentionMs,
    listShards: async () => [...shards.values()],
    async getIterator(shardId, after, otherwise = 'TRIM_HORIZON') {
      positions.push(after === undefined ? otherwise : { after });
      const { records } = held(shardId);
      if (after === undefined && otherwise === 'LATEST') return String(records.length);
      return String(records.findIndex((r) => r.sequenceNumber === after) + 1);
    },
    async getRecords(shardId, iterator, limit) {
      const fault = faults.shift();
      if (fault) throw fault;
      const { records, closed } = held(shardId);
      const read = records.slice(Number(iterator), Number(iterator) + limit);
      const end = Number(iterator) + read.length;
      return { records: read, next: closed && end === records.length ? undefined : String(end) };
    },
  };
  return {
    source,
    /** Errors that the next reads throw, one each. */
    faults,
    /** Positions that iterators were asked for. */
    positions,
    add(shardId: string, records: readonly SourceRecord[] = [], parentIds: string[] = []) {
      shards.set(shardId, { shardId, parentIds, records: [...records], closed: false });
    },
    put: (shardId: string, ...records: SourceRecord[]) => held(shardId).records.push(...records),
    close(shardId: string) {
      held(shardId).closed = true;
    },
  };
}
