import { z } from 'zod';
import { ModelError } from '../errors.ts';

const tokenClassification = z.strictObject({
  /** How token predictions become entities. */
  aggregation: z.enum(['none', 'simple', 'first', 'average', 'max']).default('first'),
  /** Labels are chosen so that their sequence is one that this scheme allows; without it, each by itself. */
  labelScheme: z.enum(['IOB2', 'BIOES']).optional(),
  /** Tokens that consecutive windows of a long text share; a quarter of a window at most is used. */
  overlap: z.int().min(0).default(128),
});

const questionAnswering = z.strictObject({
  /** Tokens of a window, special tokens counted. */
  maximumLength: z.int().min(16).default(384),
  /** Tokens of the context that consecutive windows share; half of a window's context at most is used. */
  stride: z.int().min(0).default(128),
  /** A longer question is cut. */
  maximumQuestionTokens: z.int().min(1).default(64),
  maximumAnswerTokens: z.int().min(1).default(30),
  /** The answer is null where the null answer's score exceeds the best answer's by more than this; 1 never gives null. */
  nullThreshold: z.number().min(-1).max(1).default(0),
  /** Widen answers to whole words. */
  alignToWords: z.boolean().default(true),
});

/** How a model's token predictions become entities. */
export type TokenClassificationSettings = Readonly<z.output<typeof tokenClassification>>;
/** How contexts are cut into windows and answers are chosen; all but thresholds in tokens. */
export type QuestionAnsweringSettings = Readonly<z.output<typeof questionAnswering>>;

/** The settings of question answering where a model brings none of its own. */
export const defaultQuestionAnsweringSettings: QuestionAnsweringSettings = questionAnswering.parse(
  {},
);

/**
 * Fills in what a model's manifest leaves out.
 *
 * @throws {ModelError} naming the setting at fault.
 */
export function parseTokenClassificationSettings(input: unknown): TokenClassificationSettings {
  return parse(tokenClassification, input);
}

/**
 * Fills in what a model's manifest leaves out.
 *
 * @throws {ModelError} naming the setting at fault.
 */
export function parseQuestionAnsweringSettings(input: unknown): QuestionAnsweringSettings {
  return parse(questionAnswering, input);
}

function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = ['settings', ...(issue?.path ?? [])].join('.');
  throw new ModelError(`manifest: ${field}: ${issue?.message}`, { cause: parsed.error });
}
