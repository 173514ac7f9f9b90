import { canonicalJson } from '#shared/canonical-json.ts';
import { rejectionKey } from '#shared/contracts/rejection.ts';
import { contentHashOf, resultKey } from '#shared/contracts/result.ts';
import { messageOf } from '#shared/errors.ts';
import type { Logger } from '#shared/log.ts';
import { type GetBatch, getItems, type ItemKey } from '#shared/results-table/get-items.ts';
import { expiryOf } from '#shared/results-table/result-item.ts';
import type { StoredItem } from '#shared/results-table/stored-item.ts';
import { PROBE_CHARACTERS } from './pace.ts';
import type { Entry } from './types.ts';

/** An aggregate of so many records, whose texts are no more than a probe, ends in any invocation: nothing is asked. */
const FEW_RECORDS = 100;
/** Records asked for at a time: at two keys each, as many as four concurrent calls take. */
const STRIDE = 200;
/** A result counts only if it stays in the table for this share of the time that one written now would. */
const EXPIRY_SHARE = 0.5;

/** What of a stored item must be known to tell whether it is the one that would be written again. */
export const SETTLED_ATTRIBUTES = [
  'pk',
  'sk',
  'source',
  'createdAt',
  'attributes',
  'expiresAt',
] as const;

/**
 * The records of a large aggregate at the head of a delivery, else none. Only there can a half-done aggregate lie for long:
 * a batch is handed back at the sequence number that it came to, and all records of an aggregate have the same.
 */
export function largeAggregateAtHead(entries: readonly Entry[]): readonly Entry[] {
  const number = entries[0]?.position.sequenceNumber;
  const end = entries.findIndex(({ position }) => position.sequenceNumber !== number);
  const members = end === -1 ? entries : entries.slice(0, end);
  const weight = members.reduce((sum, entry) => sum + entry.weight, 0);
  const large = members.length > FEW_RECORDS || weight > PROBE_CHARACTERS;
  return members.length > 1 && large ? members : [];
}

/**
 * The records of an aggregate that an earlier delivery made durable: their results or rejections are in the table.
 * They were done in order, so the first record alone is asked for first, and the search ends where nothing is found. A read that
 * fails ends it too: what is not known to be settled is done again, which changes nothing in the table.
 */
export async function findSettled(
  members: readonly Entry[],
  deps: {
    readonly getBatch: GetBatch;
    readonly pipelineVersion: string;
    readonly retentionDays: number;
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
): Promise<ReadonlySet<Entry>> {
  const settled = new Set<Entry>();
  const resultKeys = new Map<Entry, ItemKey>();
  const lastOf = new Map<string, Entry>();
  for (const entry of members) {
    if (!entry.record) continue;
    const { id, text } = entry.record;
    const key = resultKey(id, deps.pipelineVersion, contentHashOf(text, entry.questions));
    resultKeys.set(entry, key);
    lastOf.set(nameOf(key), entry);
  }

  const isDone = (entry: Entry, rejection: StoredItem | undefined, items: Items): boolean => {
    if (rejection) return true;
    const key = resultKeys.get(entry);
    const result = key && items.get(nameOf(key));
    if (!key || !result || !staysLong(result, entry, deps.retentionDays)) return false;
    // Of records that share a key the last one's result is to stay: it alone must be the one that is stored.
    return lastOf.get(nameOf(key)) !== entry || broughtBy(result) === broughtBy(entry.record);
  };

  let from = 0;
  while (from < members.length) {
    const stride = members.slice(from, from + (from === 0 ? 1 : STRIDE));
    const results = stride.flatMap((entry) => resultKeys.get(entry) ?? []);
    const rejections = stride.map(({ position }) => rejectionKey(position));
    try {
      const items = await read([...results, ...rejections], deps);
      const before = settled.size;
      for (const [index, entry] of stride.entries()) {
        const rejection = items.get(nameOf(rejections[index] ?? {}));
        if (isDone(entry, rejection, items)) settled.add(entry);
      }
      if (settled.size === before) break;
    } catch (error) {
      deps.log.warn({ why: messageOf(error) }, 'could not ask what of an aggregate is stored');
      break;
    }
    from += stride.length;
  }
  return settled;
}

type Items = ReadonlyMap<string, StoredItem>;

async function read(
  keys: readonly ItemKey[],
  deps: { getBatch: GetBatch; signal: AbortSignal },
): Promise<Items> {
  const items = await getItems(keys, deps);
  return new Map(items.flatMap((item) => (item ? [[nameOf(item), item]] : [])));
}

/** What a record brings into its result beside the text and the questions, which the key names. */
const broughtBy = (from: StoredItem | Entry['record']): string => {
  const { source, createdAt, attributes } = (from ?? {}) as StoredItem;
  return canonicalJson([source, createdAt, attributes ?? {}]);
};

function staysLong({ expiresAt }: StoredItem, { arrivedAt }: Entry, retentionDays: number) {
  const own = expiryOf(arrivedAt, retentionDays);
  if (expiresAt === undefined) return true;
  const lost = (1 - EXPIRY_SHARE) * retentionDays * 86_400;
  return own !== undefined && Number(expiresAt) >= own - lost;
}

const nameOf = ({ pk, sk }: { pk?: unknown; sk?: unknown }): string => `${pk}\n${sk}`;
