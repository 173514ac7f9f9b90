import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import * as z from 'zod';
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

const tableItemSchema = z.union([resultSchema, rejectionSchema]);

/** Whether an item, or what is known of it, is a result; else it is a rejection. */
export function isResult<Item extends object>(
  item: Item,
): item is Extract<Item, { readonly entities: unknown }> {
  return 'entities' in item;
}

/** An item as it lies in the table: plain, or with its spans and text packed where it would pass DynamoDB's limit. */
export type StoredItem = Record<string, unknown>;

const packedSpansSchema = z.object({
  types: z.array(z.string()),
  /** Per span: index into `types`, start minus the last span's end, length, score in millionths. */
  spans: z.array(z.tuple([z.int(), z.int(), z.int(), z.int()])),
  /** Left out where the text gives them. */
  texts: z.array(z.string()).optional(),
});
const packedSchema = packedSpansSchema.extend({
  text: z.string().optional(),
  tags: packedSpansSchema.optional(),
  pii: packedSpansSchema.optional(),
});

/**
 * The item as it is stored. One that would pass DynamoDB's 400 KB keeps its text, entities, tags and personal data in one
 * Brotli-compressed attribute, `packed`; nothing of them is dropped.
 *
 * @throws {SpanstreamError} `inference-failed` where it would not fit even so.
 */
export function toStoredItem(item: TableItem): StoredItem {
  if (!('entities' in item) || itemSize(item) <= LARGEST_ITEM_BYTES) return { ...item };
  const { entities, tags, pii, text, ...rest } = item;
  const stored = { ...rest, packed: pack({ entities, tags, pii, text }) };
  if (itemSize(stored) <= LARGEST_ITEM_BYTES) return stored;
  throw new SpanstreamError('inference-failed', 'the result is too large for the results table');
}

function pack({
  entities,
  tags,
  pii,
  text,
}: Pick<ResultItem, 'entities' | 'tags' | 'pii' | 'text'>) {
  const body = {
    ...packSpans(entities, ({ type }) => type, text),
    ...(tags && { tags: packSpans(tags, ({ tag }) => tag) }),
    ...(pii && { pii: packSpans(pii, ({ kind }) => kind, text) }),
    ...(text !== undefined && { text }),
  };
  return brotliCompressSync(JSON.stringify(body), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
  });
}

type Span = { readonly start: number; readonly end: number; readonly score: number };

function packSpans<Packed extends Span & { readonly text?: string }>(
  spans: readonly Packed[],
  typeOf: (span: Packed) => string,
  text?: string,
): z.input<typeof packedSpansSchema> {
  const types = [...new Set(spans.map(typeOf))];
  const indexOf = new Map(types.map((type, index) => [type, index]));
  let last = 0;
  const packed = spans.map((span): [number, number, number, number] => {
    const start = span.start - last;
    last = span.end;
    const score = Math.round(span.score * 1_000_000);
    return [indexOf.get(typeOf(span)) ?? 0, start, span.end - span.start, score];
  });
  const given = (span: Packed) =>
    span.text === undefined || text?.slice(span.start, span.end) === span.text;
  return {
    types,
    spans: packed,
    ...(!spans.every(given) && { texts: spans.map((span) => span.text ?? '') }),
  };
}

/**
 * Reads an item of the results table back, packed or plain; undefined where it is neither a result nor a rejection of ours,
 * whatever it holds.
 */
export const fromStoredItem = (stored: StoredItem): TableItem | undefined =>
  readStoredItem(stored, tableItemSchema);

/** Reads of an item of the results table, packed or plain, what a schema asks for; undefined where the item has not got it. */
export function readStoredItem<Read>(
  stored: StoredItem,
  schema: z.ZodType<Read>,
): Read | undefined {
  const plain = stored.packed instanceof Uint8Array ? unpack(stored, stored.packed) : stored;
  return schema.safeParse(plain).data;
}

function unpack({ packed: _, ...rest }: StoredItem, packed: Uint8Array): StoredItem | undefined {
  let body: z.output<typeof packedSchema>;
  try {
    const json = brotliDecompressSync(packed, { maxOutputLength: LARGEST_UNPACKED_BYTES });
    body = packedSchema.parse(JSON.parse(json.toString('utf8')));
  } catch {
    return undefined;
  }
  const { text, tags, pii } = body;
  return {
    ...rest,
    entities: unpackSpans(body, text),
    ...(tags && { tags: unpackSpans(tags).map(({ type, ...tag }) => ({ ...tag, tag: type })) }),
    ...(pii && { pii: unpackSpans(pii, text).map(({ type, ...one }) => ({ ...one, kind: type })) }),
    ...(text !== undefined && { text }),
  };
}

function unpackSpans({ types, spans, texts }: z.output<typeof packedSpansSchema>, text = '') {
  let last = 0;
  return spans.map(([type, gap, length, score], index) => {
    const start = last + gap;
    last = start + length;
    return {
      type: types[type] ?? '',
      text: texts?.[index] ?? text.slice(start, last),
      start,
      end: last,
      score: score / 1_000_000,
    };
  });
}
