import * as z from 'zod';
import { taskNames } from '../nlp/types.ts';

const share = z.number().min(0).max(1).describe('Share of the texts, 0 to 1.');
const task = z.enum(taskNames);

/** A loaded model: what its heads serve, and what its card says of how well. */
const modelSchema = z.object({
  name: z.string(),
  version: z.string().describe('Hash of its files.'),
  tasks: z.array(task),
  languages: z.array(z.string()).describe('BCP 47 primary tags, or `*` for any.'),
  heads: z.array(
    z.object({
      task,
      name: z.string().describe("Of a classifier its name, as in its labels' `task`."),
      labels: z.array(z.string()).describe('Empty where the task has none.'),
    }),
  ),
  figures: z
    .array(
      z.object({
        task,
        name: z.string().optional().describe('Of the classifier, where there are several.'),
        data: z.string().describe('The data set that it was measured on.'),
        metric: z.string().describe('Such as F1.'),
        value: z.number().describe('In per cent, as the card says it.'),
      }),
    )
    .describe("As the model's card has them; empty where it has none."),
});

/** How far the present texts of a task are from those of the reference. */
const driftSchema = z.object({
  task,
  value: z
    .number()
    .min(0)
    .nullable()
    .describe(
      'Population stability index of labels or of scores, whichever is larger, less what chance alone gives; null while there are too few texts.',
    ),
  reference: z.object({
    texts: z.int().min(0),
    wanted: z.int().min(1).describe('It is complete with so many texts.'),
  }),
  present: z.object({
    texts: z.int().min(0),
    from: z.string().optional().describe('Hour from which they were counted, ISO 8601.'),
  }),
  labels: z.array(z.object({ label: z.string(), reference: share, present: share })),
  scores: z.array(z.object({ from: z.number(), to: z.number(), reference: share, present: share })),
});

/** What `GET /v1/models` answers. */
export const modelsSchema = z.object({
  pipelineVersion: z.string(),
  models: z.array(modelSchema),
  drift: z
    .array(driftSchema)
    .describe('Of each task that streamed texts of this pipeline version were read for.'),
});
