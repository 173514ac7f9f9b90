import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { z } from 'zod';
import { type RejectionItem, rejectionSchema } from '#shared/contracts/rejection.ts';
import { type ResultItem, resultSchema } from '#shared/contracts/result.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { itemSize } from './item-size.ts';

/** DynamoDB's limit is 409,600 bytes; the rest is room for what the estimate does not see. */
export const LARGEST_ITEM_BYTES = 400_000;
/** Far more than any result of ours unpacks to; what unpacks to more is none. */
const LARGEST_UNPACKED_BYTES = 64 * 1024 * 1024;

/** What the results table holds. */
export type TableItem = ResultItem | RejectionItem;

/** Whether an item is a result; else it is a rejection. */
export function isResult(item: TableItem): item is ResultItem {
  return 'entities' in item;
}

/** An item as it lies in the table: plain, or with its spans and text packed where it would pass DynamoDB's limit. */
export type StoredItem = Record<string, unknown>;

const packedSchema = z.object({
  types: z.array(z.string()),
  /** Per entity: index into `types`, start minus the last entity's end, length, score in millionths. */
  spans: z.array(z.tuple([z.int(), z.int(), z.int(), z.int()])),
  texts: z.array(z.string()).optional(),
  text: z.string().optional(),
});

/**
 * The item as it is stored. One that would pass DynamoDB's 400 KB keeps its text and entities in one Brotli-compressed
 * attribute, `packed`; no entity and no text is dropped.
 *
 * @throws {SpanstreamError} `inference-failed` where it would not fit even so.
 */
export function toStoredItem(item: TableItem): StoredItem {
  if (!('entities' in item) || itemSize(item) <= LARGEST_ITEM_BYTES) return { ...item };
  const { entities, text, ...rest } = item;
  const stored = { ...rest, packed: pack(entities, text) };
  if (itemSize(stored) <= LARGEST_ITEM_BYTES) return stored;
  throw new SpanstreamError('inference-failed', 'the result is too large for the results table');
}

function pack(entities: ResultItem['entities'], text: string | undefined): Uint8Array {
  const types = [...new Set(entities.map((entity) => entity.type))];
  const indexOf = new Map(types.map((type, index) => [type, index]));
  let last = 0;
  const spans = entities.map((entity) => {
    const start = entity.start - last;
    last = entity.end;
    const score = Math.round(entity.score * 1_000_000);
    return [indexOf.get(entity.type) ?? 0, start, entity.end - entity.start, score] as const;
  });
  const derivable = entities.every(
    (entity) => text?.slice(entity.start, entity.end) === entity.text,
  );
  const body = {
    types,
    spans,
    ...(!derivable && { texts: entities.map((entity) => entity.text) }),
    ...(text !== undefined && { text }),
  };
  return brotliCompressSync(JSON.stringify(body), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
  });
}

/**
 * Reads an item of the results table back, packed or plain; undefined where it is neither a result nor a rejection of ours,
 * whatever it holds.
 */
export function fromStoredItem(stored: StoredItem): TableItem | undefined {
  const plain = stored.packed instanceof Uint8Array ? unpack(stored, stored.packed) : stored;
  const result = resultSchema.safeParse(plain);
  if (result.success) return result.data;
  const rejection = rejectionSchema.safeParse(plain);
  return rejection.success ? rejection.data : undefined;
}

function unpack({ packed: _, ...rest }: StoredItem, packed: Uint8Array): StoredItem | undefined {
  let body: z.output<typeof packedSchema>;
  try {
    const json = brotliDecompressSync(packed, { maxOutputLength: LARGEST_UNPACKED_BYTES });
    body = packedSchema.parse(JSON.parse(json.toString('utf8')));
  } catch {
    return undefined;
  }
  let last = 0;
  const entities = body.spans.map(([type, gap, length, score], index) => {
    const start = last + gap;
    last = start + length;
    const text = body.texts?.[index] ?? body.text?.slice(start, last) ?? '';
    return { type: body.types[type] ?? '', text, start, end: last, score: score / 1_000_000 };
  });
  return { ...rest, entities, ...(body.text !== undefined && { text: body.text }) };
}
