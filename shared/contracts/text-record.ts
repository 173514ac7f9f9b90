import { z } from 'zod';
import { taskNames } from '../nlp/types.ts';
import { isIsoTime } from './iso-time.ts';
import { validate } from './validate.ts';

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Largest text of a record, in bytes of UTF-8. */
export const MAXIMUM_TEXT_BYTES = 100 * 1024;
/** Most questions a record may carry. */
export const MAXIMUM_QUESTIONS = 8;
/** Longest question, in UTF-16 code units. */
export const MAXIMUM_QUESTION_LENGTH = 512;
const MAXIMUM_ATTRIBUTES = 16;
const MAXIMUM_NAME_LENGTH = 64;
const MAXIMUM_VALUE_LENGTH = 1024;

/** Neither white space, nor a control or format character, nor one that Unicode has fonts leave out, nor a blank symbol. */
const VISIBLE = /[^\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/u;
const NOT_BLANK = 'must not be blank';
/** Whether a value is no text of which anything can be seen. */
export const isBlank = (text: unknown): boolean => typeof text !== 'string' || !VISIBLE.test(text);
const WELL_FORMED = 'must be well-formed Unicode (it has a lone surrogate)';

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
  .refine((text) => !isBlank(text), NOT_BLANK)
  .refine((text) => text.isWellFormed(), WELL_FORMED)
  .refine((text) => bytesOf(text) <= MAXIMUM_TEXT_BYTES, {
    message: `must be at most ${MAXIMUM_TEXT_BYTES} bytes of UTF-8`,
    params: { tooLarge: true },
  });

/** The rule for one question. */
export const questionSchema = z
  .string()
  .max(MAXIMUM_QUESTION_LENGTH, `must be at most ${MAXIMUM_QUESTION_LENGTH} characters`)
  .refine((text) => !isBlank(text), NOT_BLANK)
  .refine((text) => text.isWellFormed(), WELL_FORMED);

/** The rule for a list of questions. */
export const questionsSchema = z
  .array(questionSchema)
  .max(MAXIMUM_QUESTIONS, `must hold at most ${MAXIMUM_QUESTIONS} questions`);

/** The rule for a list of tasks: some of them, each once. */
export const tasksSchema = z
  .array(z.enum(taskNames, `must be one of ${taskNames.join(', ')}`))
  .min(1, 'must name at least one task')
  .refine((tasks) => new Set(tasks).size === tasks.length, 'must name each task once');

/** The rule for `language`: a well-formed tag of BCP 47, kept in its canonical form (`pt-br` is `pt-BR`). */
export const languageSchema = z
  .string()
  .max(35, 'must be at most 35 characters')
  .transform((tag, context) => {
    try {
      return new Intl.Locale(tag).toString();
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'must be a language tag of BCP 47, such as en or pt-BR',
      });
      return z.NEVER;
    }
  });

/** A map of strings with names of any kind; zod's own record leaves out the name `__proto__`. */
export const stringMapSchema = mapOfStrings({ type: 'string' }, () => undefined);

/** The rule for `attributes`. */
export const attributesSchema = mapOfStrings(
  { type: 'string', maxLength: MAXIMUM_VALUE_LENGTH },
  (name, value) => {
    if (name === '') return 'must not have an empty name';
    if (name.length > MAXIMUM_NAME_LENGTH)
      return `must have a name of at most ${MAXIMUM_NAME_LENGTH} characters`;
    if (!name.isWellFormed()) return 'must have a name of well-formed Unicode (a lone surrogate)';
    if (value.length > MAXIMUM_VALUE_LENGTH)
      return `must be at most ${MAXIMUM_VALUE_LENGTH} characters`;
    return value.isWellFormed() ? undefined : WELL_FORMED;
  },
  MAXIMUM_ATTRIBUTES,
);

function mapOfStrings(
  ofValue: object,
  faultOf: (name: string, value: string) => string | undefined,
  most = Number.POSITIVE_INFINITY,
) {
  const schema = z
    .custom<Record<string, string>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      { message: 'must be an object of strings', abort: true },
    )
    .superRefine((map, context) => {
      const entries = Object.entries(map);
      if (entries.length > most) {
        context.addIssue({ code: 'custom', message: `must hold at most ${most} pairs` });
        return;
      }
      for (const [name, value] of entries) {
        const message = typeof value === 'string' ? faultOf(name, value) : 'must be a string';
        if (message) context.addIssue({ code: 'custom', path: [name], message });
      }
    });
  schema._zod.toJSONSchema = () => ({ type: 'object', additionalProperties: ofValue });
  // Else the description would be looked for in what was refined, too.
  schema._zod.parent = undefined;
  return schema;
}

/** The Kinesis data blob: one text, with what its author knows of it. Unknown fields are refused. */
export const textRecordSchema = z.strictObject({
  id: recordIdSchema,
  text: textSchema,
  source: sourceSchema.default('default'),
  questions: questionsSchema.optional(),
  createdAt: z
    .string()
    .refine(isIsoTime, 'must be an ISO 8601 time with a zone, such as 2026-01-31T12:00:00Z')
    .optional(),
  attributes: attributesSchema.optional(),
  /** What is asked of the text; the source's standing tasks where left out. */
  tasks: tasksSchema.optional(),
  /** The text's language; detected where left out. */
  language: languageSchema.optional(),
});

/** A text record as producers write it (`source` may be left out). */
export type TextRecordInput = z.input<typeof textRecordSchema>;
/** A text record after validation. */
export type TextRecord = z.output<typeof textRecordSchema>;

/**
 * Checks one text record: on its way out of a producer, and on its way in from the stream.
 *
 * @throws {ValidationError} naming the field; `too-large` where the text is too long, else `invalid-record`
 */
export const checkTextRecord = (value: unknown): TextRecord => validate(textRecordSchema, value);
