import { z } from 'zod';
import { parseModelSettings } from '../model-settings.ts';

const schema = z.strictObject({
  /** How token predictions become entities. */
  aggregation: z.enum(['none', 'simple', 'first', 'average', 'max']).default('first'),
  /** Labels are chosen so that their sequence is one that this scheme allows; without it, each by itself. */
  labelScheme: z.enum(['IOB2', 'BIOES']).optional(),
  /** Tokens that consecutive windows of a long text share. */
  overlap: z.int().min(0).default(128),
});

/** How a model's token predictions become entities. */
export type TokenClassificationSettings = Readonly<z.output<typeof schema>>;

/**
 * Fills in what a model's manifest leaves out.
 *
 * @throws {ModelError} naming the setting at fault.
 */
export function parseTokenClassificationSettings(input: unknown): TokenClassificationSettings {
  return parseModelSettings(schema, input);
}
