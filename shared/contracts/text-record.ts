import { z } from 'zod';

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Largest text of a record, in bytes of UTF-8. */
export const MAXIMUM_TEXT_BYTES = 100 * 1024;
/** Most questions a record may carry. */
export const MAXIMUM_QUESTIONS = 8;
/** Longest question, in UTF-16 code units. */
export const MAXIMUM_QUESTION_LENGTH = 512;

/** The rule for `id`. */
export const recordIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,128}$/, 'must be 1 to 128 of A-Z a-z 0-9 . _ : -');

/** The rule for `source`. */
export const sourceSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -');

/** The rule for any text that is inferred on. */
export const textSchema = z
  .string()
  .refine((text) => text.trim().length > 0, 'must not be blank')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode (it has a lone surrogate)')
  .refine((text) => bytesOf(text) <= MAXIMUM_TEXT_BYTES, {
    message: `must be at most ${MAXIMUM_TEXT_BYTES} bytes of UTF-8`,
    params: { tooLarge: true },
  });

/** The rule for one question. */
export const questionSchema = z
  .string()
  .max(MAXIMUM_QUESTION_LENGTH, `must be at most ${MAXIMUM_QUESTION_LENGTH} characters`)
  .refine((text) => text.trim().length > 0, 'must not be blank')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode (it has a lone surrogate)');

/** The rule for a list of questions. */
export const questionsSchema = z
  .array(questionSchema)
  .max(MAXIMUM_QUESTIONS, `must hold at most ${MAXIMUM_QUESTIONS} questions`);

/** The rule for `attributes`. */
export const attributesSchema = z
  .record(
    z.string().min(1, 'must not be empty').max(64, 'must be at most 64 characters'),
    z.string().max(1024, 'must be at most 1024 characters'),
  )
  .refine((map) => Object.keys(map).length <= 16, 'must hold at most 16 pairs');

/** The Kinesis data blob: one text, with what its author knows of it. Unknown fields are refused. */
export const textRecordSchema = z.strictObject({
  id: recordIdSchema,
  text: textSchema,
  source: sourceSchema.default('default'),
  questions: questionsSchema.optional(),
  createdAt: z.iso
    .datetime({
      offset: true,
      message: 'must be an ISO 8601 time with a zone, such as 2026-01-31T12:00:00Z',
    })
    .optional(),
  attributes: attributesSchema.optional(),
});

/** A text record as producers write it (`source` may be left out). */
export type TextRecordInput = z.input<typeof textRecordSchema>;
/** A text record after validation. */
export type TextRecord = z.output<typeof textRecordSchema>;
