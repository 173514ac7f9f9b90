import * as z from 'zod';
import { stringMapSchema, type TextRecordInput } from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { cutText, isLongText, type TextPiece } from './cut-text.ts';
import type { ReadRecord } from './types.ts';

/** Attributes that lead back to where a record was cut out of, or has its id from. */
const NAMES = { file: 'file.name', line: 'file.line', offset: 'file.offset' } as const;

const withAttributes = z.object({ attributes: stringMapSchema });

/** What of a file goes into its records. */
export interface FileOrigin {
  /** Its name, as records are to name it: at most 1,024 characters. */
  readonly name: string;
  /** What the id of a record that has none begins with: its line follows, where the file has more than one record. */
  readonly idPrefix: string;
  /** Source of records that name none. */
  readonly source?: string | undefined;
}

/**
 * The text records of what was read: itself, under an id made of the file and its line where it has none, or its pieces where its
 * text fits no record, as `<id>.1`, `<id>.2`, … with the line and the offset (UTF-16 code units of that text) at which each begins.
 * They are the same however often the file is read. Whether they are valid is for the producer to find out.
 *
 * @throws {ValidationError} where its attributes cannot take more
 */
export function nameRecords(
  { record = {}, line, part }: ReadRecord,
  { name, idPrefix, source }: FileOrigin,
): TextRecordInput[] {
  const { id = part ? idPrefix : `${idPrefix}-${line}`, text, ...fields } = record;
  const pieces = typeof text === 'string' && isLongText(text) ? cutText(text) : [];
  const given = { ...(source !== undefined && { source }), ...fields };
  const withOrigin = (more: Record<string, string>) => ({
    ...given,
    attributes: {
      ...attributesOf(fields),
      [NAMES.file]: name,
      [NAMES.line]: `${line}`,
      ...more,
    },
  });
  const pieceOf = (piece: TextPiece, number: number) => ({
    ...withOrigin({ [NAMES.offset]: `${piece.start}` }),
    id: `${id}.${number}`,
    text: piece.text,
  });
  const records =
    pieces.length > 0
      ? pieces.map((piece, at) => pieceOf(piece, at + 1))
      : part && part.number > 0
        ? [pieceOf({ text: String(text), start: part.start }, part.number)]
        : [{ ...('id' in record ? given : withOrigin({})), id, text }];
  return records as TextRecordInput[];
}

/** @throws {ValidationError} where they are no map, which would be lost here before the producer sees it */
function attributesOf({ attributes = {} }: { readonly attributes?: unknown }): object {
  return validate(withAttributes, { attributes }).attributes;
}
