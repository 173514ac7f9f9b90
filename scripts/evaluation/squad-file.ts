import * as z from 'zod';
import { describeIssues } from '#shared/contracts/validate.ts';
import { ValidationError } from '#shared/errors.ts';

const schema = z.object({
  data: z.array(
    z.object({
      title: z.string().default(''),
      paragraphs: z.array(
        z.object({
          context: z.string(),
          qas: z.array(
            z.object({
              question: z.string(),
              is_impossible: z.boolean().default(false),
              answers: z.array(z.object({ text: z.string() })).default([]),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** A question about a context, with the answers that count as right; none where it cannot be answered. */
export interface QuestionExample {
  /** Number of the article in the file. */
  readonly article: number;
  readonly context: string;
  readonly question: string;
  readonly answers: readonly string[];
}

/**
 * Reads SQuAD's JSON, 1.1 or 2.0.
 *
 * @throws {ValidationError} naming the field at fault.
 */
export function readSquad(json: unknown): QuestionExample[] {
  const { data: parsed, error: cause } = schema.safeParse(json);
  if (cause) throw new ValidationError('data', describeIssues(cause, 'the data'), { cause });
  return parsed.data.flatMap(({ paragraphs }, article) =>
    paragraphs.flatMap(({ context, qas }) =>
      qas.map(({ question, is_impossible: impossible, answers }) => ({
        article,
        context,
        question,
        answers: impossible ? [] : answers.map(({ text }) => text),
      })),
    ),
  );
}
