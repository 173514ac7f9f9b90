import * as z from 'zod';
import { unitsOfCodePoints } from './code-points.ts';
import { parseData } from './parse-data.ts';

const schema = z.array(
  z.object({
    full_text: z.string(),
    spans: z.array(
      z.object({
        entity_type: z.string(),
        start_position: z.int().min(0),
        end_position: z.int().min(0),
      }),
    ),
  }),
);

/** A text whose personal data is marked; offsets are UTF-16 units. */
export interface MarkedText {
  readonly text: string;
  readonly spans: readonly {
    readonly type: string;
    readonly start: number;
    readonly end: number;
  }[];
}

/**
 * Reads the JSON of Presidio's evaluation data.
 *
 * @throws {ValidationError} naming the field at fault
 */
export function readPresidio(data: string): MarkedText[] {
  return parseData(data, schema, "Presidio's JSON").map(({ full_text: text, spans }) => {
    const toUnits = unitsOfCodePoints(text);
    return {
      text,
      spans: spans.map(({ entity_type: type, start_position: start, end_position: end }) => ({
        type,
        start: toUnits(start),
        end: toUnits(end),
      })),
    };
  });
}
