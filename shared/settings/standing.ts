import * as z from 'zod';
import { redactionModeSchema } from '../contracts/result.ts';
import {
  languageSchema,
  questionsSchema,
  sourceSchema,
  tasksSchema,
} from '../contracts/text-record.ts';
import { personalDataKinds } from '../nlp/personal-data/kinds.ts';

/** What of personal data is hidden, and how. */
export const redactionSchema = z.strictObject({
  mode: redactionModeSchema,
  /** Kinds to hide, such as `EMAIL`; every kind where left out. */
  kinds: z
    .array(z.enum(personalDataKinds, `must be one of ${personalDataKinds.join(', ')}`))
    .min(1)
    .optional(),
});

/** What is asked of texts that do not say, by source. */
export const standingSchema = z.strictObject({
  questions: z.record(sourceSchema, questionsSchema).default({}),
  tasks: z.record(sourceSchema, tasksSchema).default({}),
  languages: z.record(sourceSchema, languageSchema).default({}),
});

/** What is asked of texts that do not say, by source. */
export type Standing = z.output<typeof standingSchema>;
