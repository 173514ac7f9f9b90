import * as z from 'zod';
import { unitsOfCodePoints } from './code-points.ts';
import { parseData } from './parse-data.ts';
import { mapType } from './word-entities.ts';

const schema = z.array(
  z.object({
    text: z.string(),
    entities: z.array(
      z.object({ span: z.tuple([z.int().min(0), z.int().min(0)]), type: z.string() }),
    ),
  }),
);

/** A text whose entities are marked by their offsets: UTF-16 units. */
export interface MarkedEntities {
  readonly text: string;
  readonly entities: readonly {
    readonly type: string;
    readonly start: number;
    readonly end: number;
  }[];
}

/**
 * Reads Stockmark's JSON: texts with entities by offsets in code points.
 *
 * @throws {ValidationError} naming the field at fault
 */
export function readMarkedEntities(data: string): MarkedEntities[] {
  return parseData(data, schema, "Stockmark's JSON").map(({ text, entities }) => {
    const toUnits = unitsOfCodePoints(text);
    return {
      text,
      entities: entities.map(({ type, span: [start, end] }) => ({
        type: mapType(type),
        start: toUnits(start),
        end: toUnits(end),
      })),
    };
  });
}
