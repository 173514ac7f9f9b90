import { z } from 'zod';
import { parseModelSettings } from '../model-settings.ts';

const schema = z.strictObject({
  /** Tokens of a window, special tokens counted. */
  maximumLength: z.int().min(16).default(384),
  /** Tokens of the context that consecutive windows share. */
  stride: z.int().min(0).default(128),
  /** A longer question is cut. */
  maximumQuestionTokens: z.int().min(1).default(64),
  maximumAnswerTokens: z.int().min(1).default(30),
  /** The answer is null where the null answer's score exceeds the best answer's by more than this; 1 never gives null. */
  nullThreshold: z.number().min(-1).max(1).default(0),
  /** Widen answers to whole words. */
  alignToWords: z.boolean().default(true),
});

/** How contexts are cut into windows and answers are chosen; all but thresholds in tokens. */
export type QuestionAnsweringSettings = Readonly<z.output<typeof schema>>;

/** The settings where a model brings none of its own. */
export const defaultQuestionAnsweringSettings: QuestionAnsweringSettings = schema.parse({});

/**
 * Fills in what a model's manifest leaves out.
 *
 * @throws {ModelError} naming the setting at fault.
 */
export function parseQuestionAnsweringSettings(input: unknown): QuestionAnsweringSettings {
  return parseModelSettings(schema, input);
}
