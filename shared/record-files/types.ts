import * as z from 'zod';
import type { Rejection } from '#shared/contracts/rejection.ts';

const count = z.int().min(0);

/** See {@link Position}. */
export const positionSchema = z.object({
  /** The line that comes next, counted from 1. */
  line: z.int().min(1),
  /** Where it begins, in bytes of the file, inflated where it is gzip. */
  offset: count,
  /** Names of a table's columns, once they are read. */
  columns: z.array(z.string()).readonly().optional(),
  /** Pieces so far of a file that is one text, and where in it the next begins, in UTF-16 code units. */
  part: count.optional(),
  start: count.optional(),
});

/** A place between two records of a file, at which reading can go on; plain JSON. */
export type Position = Readonly<z.output<typeof positionSchema>>;

/** Where every file begins. */
export const BEGINNING: Position = { line: 1, offset: 0 };

/** A record as a file has it, or why there is none. */
export interface ReadRecord {
  /** The line on which it begins, counted from 1. */
  readonly line: number;
  /** Its bytes; of a line that is too long the beginning. */
  readonly bytes: Uint8Array;
  /** Where reading goes on behind it. */
  readonly next: Position;
  /** What it says; whether that is a text record is for the producer to find out. */
  readonly record?: { readonly [field: string]: unknown };
  /** Why it cannot be read. */
  readonly rejection?: Rejection;
  /** Of a file that is one text: which piece it is, 0 where it is whole, and where in the text that begins. */
  readonly part?: { readonly number: number; readonly start: number };
}
