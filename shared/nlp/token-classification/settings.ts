import * as z from 'zod';
import { overlapSetting } from '../settings.ts';
import { labelSchemeNames } from './label-sequence.ts';

/** How a model's token predictions become entities. */
export const tokenClassificationSettings = z.strictObject({
  /** How token predictions become entities. */
  aggregation: z.enum(['none', 'simple', 'first', 'average', 'max']).default('first'),
  /** Labels are chosen so that their sequence is one that this scheme allows; without it, each by itself. */
  labelScheme: z.enum(labelSchemeNames).optional(),
  /** Words are runs of letters and digits, in scripts without spaces single tokens; without it, what the Python pipeline takes. */
  words: z.enum(['letters']).optional(),
  overlap: overlapSetting,
});

/** See {@link tokenClassificationSettings}. */
export type TokenClassificationSettings = Readonly<z.output<typeof tokenClassificationSettings>>;
