import { gzipSync } from 'node:zlib';
import type { FileFormat } from '#shared/record-files/format.ts';
import { readRecords } from '#shared/record-files/read-records.ts';
import { BEGINNING, type Position, type ReadRecord } from '#shared/record-files/types.ts';

/** A file in memory, given out in chunks of so many bytes. */
export function openFile(content: string | Uint8Array, chunkBytes = 1_000_000) {
  const bytes = Buffer.from(content as string);
  return async function* open(offset: number) {
    for (let at = offset; at < bytes.length; at += chunkBytes) {
      yield bytes.subarray(at, at + chunkBytes);
    }
  };
}

/** A record with its bytes as text, which compares a thousand times faster. */
export type Read = Omit<ReadRecord, 'bytes'> & { readonly bytes: string };

/** All that a file gives from a position on. */
export async function readAll(
  content: string | Uint8Array,
  format: FileFormat['format'],
  options: { gzip?: boolean; chunkBytes?: number; from?: Position } = {},
): Promise<Read[]> {
  const { gzip = false, chunkBytes, from = BEGINNING } = options;
  const file = openFile(gzip ? gzipSync(content) : content, chunkBytes);
  const read: Read[] = [];
  for await (const record of readRecords(file, { format, gzip }, from)) {
    read.push({ ...record, bytes: Buffer.from(record.bytes).toString('latin1') });
  }
  return read;
}
