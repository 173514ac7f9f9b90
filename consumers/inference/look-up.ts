import { rejectionKey, rejectionSchema } from '#shared/contracts/rejection.ts';
import { messageOf } from '#shared/errors.ts';
import { getItems, type ItemKey } from '#shared/results-table/get-items.ts';
import { expiryOf, keyOf, retentionOf } from '#shared/results-table/result-item.ts';
import type { StoredItem } from '#shared/results-table/stored-item.ts';
import type { BatchRecord, InferenceDeps, RecordOutcome } from './types.ts';

/** Records of an aggregate asked for at a time: at two keys each, as many as four concurrent calls take. */
const STRIDE = 200;
/** A result counts only if it stays in the table for this share of the time that one written now would. */
const EXPIRY_SHARE = 0.5;

/** What of a stored item must be known to tell what became of a record. */
export const LOOK_UP_ATTRIBUTES = [
  'pk',
  'sk',
  'source',
  'createdAt',
  'attributes',
  'expiresAt',
  'reason',
  'message',
  'pending',
] as const;

/** What is asked, and until when. */
type LookUpDeps = Pick<InferenceDeps, 'engine' | 'options' | 'getBatch'> & {
  readonly signal: AbortSignal;
};

/** Outcomes by record, as far as the table knows them. */
export type KnownOutcomes = ReadonlyMap<BatchRecord, RecordOutcome>;

/**
 * The records that earlier deliveries rejected. Where a record fails may change from delivery to delivery; that it was
 * rejected once stays, so that it has a rejection or a result and never both.
 *
 * @throws where the table does not answer
 */
export async function lookUpRejections(
  entries: readonly BatchRecord[],
  deps: Pick<LookUpDeps, 'getBatch' | 'signal'>,
): Promise<KnownOutcomes> {
  const keys = entries.map(({ position }) => rejectionKey(position));
  const items = await getItems(keys, deps);
  return new Map(
    entries.flatMap((entry, index): [BatchRecord, RecordOutcome][] => {
      const item = items[index];
      const outcome = item && outcomeOf(item);
      return outcome ? [[entry, outcome]] : [];
    }),
  );
}

const storedRejectionSchema = rejectionSchema.pick({ reason: true, message: true, pending: true });

/** A rejection whose failure object may be missing is to be parked, for the reason that it names. */
function outcomeOf(item: StoredItem): RecordOutcome {
  const rejection = storedRejectionSchema.safeParse(item);
  if (!rejection.success || !rejection.data.pending) return { state: 'parked' };
  const { reason, message } = rejection.data;
  return { state: 'pending', rejection: { reason, message }, claimed: true };
}

/**
 * The records whose results earlier deliveries stored: the same text, questions and pipeline by the key, brought with the same
 * source, attributes and time of writing.
 *
 * @param among records of which the last of a key decides
 * @throws where the table does not answer
 */
export async function lookUpResults(
  entries: readonly BatchRecord[],
  deps: LookUpDeps,
  among = entries,
): Promise<KnownOutcomes> {
  const keyed = entries.flatMap((entry) => {
    const key = resultKeyOf(entry, deps);
    return key ? [{ entry, key }] : [];
  });
  const items = await getItems(
    keyed.map(({ key }) => key),
    deps,
  );
  // Of records that share a key the last one's result is to stay: it alone must be the one that is stored.
  const lastOf = new Map(among.map((entry) => [nameOf(resultKeyOf(entry, deps)), entry]));
  return new Map(
    keyed.flatMap(({ entry, key }, index): [BatchRecord, RecordOutcome][] => {
      const item = items[index];
      if (!item || !staysLong(item, entry, retentionOf(entry.record, deps.options))) return [];
      const last = lastOf.get(nameOf(key)) === entry;
      // Where personal data is hidden what was stored differs from what was brought, all of which the key names then.
      const other = !deps.options.redaction && broughtBy(item) !== broughtBy(entry.record);
      return last && other ? [] : [[entry, { state: 'stored' }]];
    }),
  );
}

/**
 * What earlier deliveries made of the aggregate at the head of this one, if there is one there. Only there can a half-done aggregate
 * lie: a batch is handed back at the sequence number that it came to, and all records of an aggregate have the same. They were
 * done in order, so the first record alone is asked for first, and the search ends where nothing is found. A read that fails
 * ends it too: what is not known to be settled is done again, which changes nothing in the table.
 */
export async function lookUpAggregate(
  entries: readonly BatchRecord[],
  deps: LookUpDeps & Pick<InferenceDeps, 'log'>,
): Promise<ReadonlySet<BatchRecord>> {
  const number = entries[0]?.position.sequenceNumber;
  const end = entries.findIndex(({ position }) => position.sequenceNumber !== number);
  const members = end === -1 ? entries : entries.slice(0, end);
  const settled = new Set<BatchRecord>();
  if (members.length < 2) return settled;
  for (let from = 0, stride = 1; from < members.length; from += stride, stride = STRIDE) {
    const asked = members.slice(from, from + stride);
    try {
      const [results, rejections] = await Promise.all([
        lookUpResults(asked, deps, members),
        lookUpRejections(asked, deps),
      ]);
      const done = asked.filter((entry) =>
        rejections.has(entry) ? rejections.get(entry)?.state === 'parked' : results.has(entry),
      );
      if (done.length === 0) break;
      for (const entry of done) settled.add(entry);
    } catch (error) {
      deps.log.warn({ why: messageOf(error) }, 'could not ask what of an aggregate is stored');
      break;
    }
  }
  if (settled.size > 0) {
    deps.log.info(
      { settled: settled.size, of: members.length },
      'going on with an aggregate where an earlier delivery stopped',
    );
  }
  return settled;
}

const resultKeyOf = (
  { record, asked }: BatchRecord,
  { engine, options }: LookUpDeps,
): ItemKey | undefined => record && keyOf({ record, ...asked }, engine.pipelineVersion, options);

/** What a record brings into its result beside the text and the questions, which the key names. */
const broughtBy = (from: StoredItem | BatchRecord['record']): string => {
  const { source, createdAt, attributes } = (from ?? {}) as StoredItem;
  return canonicalJson([source, createdAt, attributes ?? {}]);
};

function staysLong({ expiresAt }: StoredItem, { arrivedAt }: BatchRecord, retentionDays: number) {
  const own = expiryOf(arrivedAt, retentionDays);
  if (expiresAt === undefined) return true;
  const lost = (1 - EXPIRY_SHARE) * retentionDays * 86_400;
  return own !== undefined && Number(expiresAt) >= own - lost;
}

const nameOf = (key: ItemKey | undefined): string => `${key?.pk}\n${key?.sk}`;

/** JSON with object keys sorted, so that equal values give equal text and equal hashes. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
