import * as z from 'zod';

/** How contexts are cut into windows and answers are chosen; all but thresholds in tokens. */
export const questionAnsweringSettings = z.strictObject({
  /** Tokens of a window, special tokens counted. */
  maximumLength: z.int().min(16).default(384),
  /** Tokens of the context that consecutive windows share; half of a window at most is used. */
  stride: z.int().min(0).default(128),
  /** A longer question is cut. */
  maximumQuestionTokens: z.int().min(1).default(64),
  maximumAnswerTokens: z.int().min(1).default(30),
  /** The answer is null where the null answer's score exceeds the best answer's by more than this; 1 never gives null. */
  nullThreshold: z.number().min(-1).max(1).default(0),
  /** Widen answers to whole words. */
  alignToWords: z.boolean().default(true),
});

/** See {@link questionAnsweringSettings}. */
export type QuestionAnsweringSettings = Readonly<z.output<typeof questionAnsweringSettings>>;
