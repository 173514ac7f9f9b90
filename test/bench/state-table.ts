import { fromAttributes } from '#shared/results-table/attribute-values.ts';
import { itemSize } from '#shared/results-table/item-size.ts';
import type { Answer } from './answering-client.ts';

const PAGE_CHARACTERS = 1024 ** 2;

type Key = { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } };

/** The metrics state table in memory, as DynamoDB answers for it: whoever writes has read what is there. */
export function createStateTable() {
  /** Items as JSON, so that answering costs next to nothing, by partition and sort key. */
  let partitions = new Map<string, Map<string, string>>();
  const units = { reads: 0, writes: 0 };
  const kilobytes = (items: readonly string[]) =>
    items.reduce((sum, item) => sum + itemSize(fromAttributes(JSON.parse(item))), 0) / 1_024;
  let metered = false;

  const operations: Record<string, (input: never) => string> = {
    PutItem({ Item }: { Item: Key }) {
      const partition = partitions.get(Item.pk.S) ?? new Map<string, string>();
      partitions.set(Item.pk.S, partition.set(Item.sk.S, JSON.stringify(Item)));
      if (metered) units.writes += Math.ceil(kilobytes([JSON.stringify(Item)]));
      return '{}';
    },
    GetItem({ Key }: { Key: Key }) {
      const item = partitions.get(Key.pk.S)?.get(Key.sk.S);
      if (metered) units.reads += Math.max(1, Math.ceil(kilobytes(item ? [item] : []) / 4));
      return item === undefined ? '{}' : `{"Item":${item}}`;
    },
    Query(query: {
      ExpressionAttributeValues: Record<':pk' | ':from' | ':to', { S: string }>;
      ExclusiveStartKey?: Key;
    }) {
      const { ':pk': pk, ':from': from, ':to': to } = query.ExpressionAttributeValues;
      const partition = partitions.get(pk.S) ?? new Map<string, string>();
      const after = query.ExclusiveStartKey?.sk.S ?? '';
      const found = [...partition.keys()]
        .filter((sk) => sk >= from.S && sk <= to.S && sk > after)
        .sort();
      const page: string[] = [];
      let [size, last] = [0, ''];
      for (const sk of found) {
        const item = partition.get(sk) ?? '';
        page.push(item);
        size += item.length;
        last = sk;
        if (size > PAGE_CHARACTERS) break;
      }
      if (metered) units.reads += Math.max(1, Math.ceil(kilobytes(page) / 4));
      const more = { LastEvaluatedKey: { pk, sk: { S: last } } };
      const end = size > PAGE_CHARACTERS ? JSON.stringify(more).slice(1) : '"Count":0}';
      return `{"Items":[${page.join(',')}],${end}`;
    },
  };
  const answer: Answer = (operation, body) =>
    operations[operation]?.(JSON.parse(body) as never) ?? '{}';

  return {
    answer,
    /** The table as it is now; what is called later brings it back. */
    snapshot() {
      const kept = copyOf(partitions);
      return () => {
        partitions = copyOf(kept);
      };
    },
    /** The read and write units that some work takes. */
    async meter(work: () => Promise<unknown>) {
      metered = true;
      Object.assign(units, { reads: 0, writes: 0 });
      await work();
      metered = false;
      return { ...units };
    },
  };
}

const copyOf = (partitions: ReadonlyMap<string, ReadonlyMap<string, string>>) =>
  new Map([...partitions].map(([pk, items]) => [pk, new Map(items)]));
