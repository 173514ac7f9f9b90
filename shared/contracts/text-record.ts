import * as z from 'zod';
import { taskNames } from '../nlp/types.ts';
import { misusesMark } from './canary.ts';
import { isIsoTime } from './iso-time.ts';
import { validate } from './validate.ts';

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Largest text of a record, in bytes of UTF-8. */
export const MAXIMUM_TEXT_BYTES = 100 * 1024;
/** Most questions a record may carry. */
export const MAXIMUM_QUESTIONS = 8;
/** Longest question, in code points. */
export const MAXIMUM_QUESTION_LENGTH = 512;
/** As zod and JSON Schema count characters. */
const isLonger = (text: string, most: number) => text.length > most && [...text].length > most;

const MAXIMUM_ATTRIBUTES = 16;
const MAXIMUM_NAME_LENGTH = 64;
const MAXIMUM_VALUE_LENGTH = 1024;

/** Neither white space, nor a control or format character, nor one that Unicode has fonts leave out, nor a blank symbol. */
const VISIBLE = /[^\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/u;
const NOT_BLANK = 'must not be blank';
/** Whether a value is no text of which anything can be seen. */
export const isBlank = (text: unknown): boolean => typeof text !== 'string' || !VISIBLE.test(text);
const WELL_FORMED = 'must be well-formed Unicode (it has a lone surrogate)';
/** As much of `VISIBLE` as regular expressions of all languages have. */
const nearlyVisible = { pattern: '\\S' };

/** The rule for `id`. */
export const recordIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,128}$/, 'must be 1 to 128 of A-Z a-z 0-9 . _ : -')
  .describe('Names the text.');

/** The rule for `source`. */
export const sourceSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -')
  .describe('Who sent the text; results are listed by it.');

/** The rule for any text that is inferred on. */
export const textSchema = z
  .string()
  .refine((text) => !isBlank(text), NOT_BLANK)
  .refine((text) => text.isWellFormed(), WELL_FORMED)
  .refine((text) => bytesOf(text) <= MAXIMUM_TEXT_BYTES, {
    message: `must be at most ${MAXIMUM_TEXT_BYTES} bytes of UTF-8`,
    params: { tooLarge: true },
  })
  .meta({
    ...nearlyVisible,
    maxLength: MAXIMUM_TEXT_BYTES,
    description: `At most ${MAXIMUM_TEXT_BYTES} bytes of UTF-8, with something visible in it.`,
  });

/** The rule for one question. */
export const questionSchema = z
  .string()
  .max(MAXIMUM_QUESTION_LENGTH, `must be at most ${MAXIMUM_QUESTION_LENGTH} characters`)
  .refine((text) => !isBlank(text), NOT_BLANK)
  .refine((text) => text.isWellFormed(), WELL_FORMED)
  .meta({ ...nearlyVisible, description: 'Asked of the text.' });

/** The rule for a list of questions. */
export const questionsSchema = z
  .array(questionSchema)
  .max(MAXIMUM_QUESTIONS, `must hold at most ${MAXIMUM_QUESTIONS} questions`)
  .describe("Asked of the text; the source's standing questions where left out.");

/** The rule for a list of tasks: some of them, each once. */
export const tasksSchema = z
  .array(z.enum(taskNames, `must be one of ${taskNames.join(', ')}`))
  .min(1, 'must name at least one task')
  .refine((tasks) => new Set(tasks).size === tasks.length, 'must name each task once')
  .meta({
    uniqueItems: true,
    description: "What is asked of the text; the source's standing tasks where left out.",
  });

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
  })
  .meta({
    pattern: '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$',
    description: 'Tag of BCP 47, such as pt-BR; detected where left out.',
  });

/** The rule for `createdAt`. */
export const createdAtSchema = z
  .string()
  .refine(isIsoTime, 'must be an ISO 8601 time with a zone, such as 2026-01-31T12:00:00Z')
  .meta({
    pattern: '^[0-9Ww-]{7,10}[Tt][0-9:.,]{2,40}([Zz]|[+-][0-9:]{2,5})$',
    description: "When the text was written, by its author's clock: ISO 8601 with a zone.",
  });

/** A map of strings with names of any kind; zod's own record leaves out the name `__proto__`. */
export const stringMapSchema = mapOfStrings(
  { additionalProperties: { type: 'string' } },
  () => undefined,
);

/** The rule for `attributes`. */
export const attributesSchema = mapOfStrings(
  {
    additionalProperties: { type: 'string', maxLength: MAXIMUM_VALUE_LENGTH },
    propertyNames: { minLength: 1, maxLength: MAXIMUM_NAME_LENGTH },
    maxProperties: MAXIMUM_ATTRIBUTES,
    description: 'Kept with the result.',
  },
  (name, value) => {
    if (name === '') return 'must not have an empty name';
    if (isLonger(name, MAXIMUM_NAME_LENGTH))
      return `must have a name of at most ${MAXIMUM_NAME_LENGTH} characters`;
    if (!name.isWellFormed()) return 'must have a name of well-formed Unicode (a lone surrogate)';
    if (isLonger(value, MAXIMUM_VALUE_LENGTH))
      return `must be at most ${MAXIMUM_VALUE_LENGTH} characters`;
    return value.isWellFormed() ? undefined : WELL_FORMED;
  },
  MAXIMUM_ATTRIBUTES,
);

function mapOfStrings(
  json: object,
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
  schema._zod.toJSONSchema = () => ({ type: 'object', ...json });
  // Else the description would be looked for in what was refined, too.
  schema._zod.parent = undefined;
  return schema;
}

/** The Kinesis data blob: one text, with what its author knows of it. Unknown fields are refused. */
export const textRecordSchema = z
  .strictObject({
    id: recordIdSchema,
    text: textSchema,
    source: sourceSchema.default('default'),
    questions: questionsSchema.optional(),
    createdAt: createdAtSchema.optional(),
    attributes: attributesSchema.optional(),
    tasks: tasksSchema.optional(),
    language: languageSchema.optional(),
  })
  .refine((record) => !misusesMark(record), {
    path: ['source'],
    message: "must not be the canary's: it marks the probes, which no metric counts",
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
