import * as z from 'zod';
import { languageSchema, recordIdSchema, textSchema } from './text-record.ts';

/** Most texts of one request. */
export const MAXIMUM_TEXTS = 300;

const TEXTS = `must hold 1 to ${MAXIMUM_TEXTS} texts`;
const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+)$/s;
const MAXIMUM_KEY_BYTES = 1_024;

/** The rule for the address of an object; it becomes its bucket and its key, which is not percent-encoded. */
export const objectSchema = z
  .string()
  .max(5 + 63 + 1 + MAXIMUM_KEY_BYTES, 'must be a shorter address')
  .regex(ADDRESS, 'must be an address such as s3://bucket/key')
  .refine((address) => address.isWellFormed(), 'must be well-formed Unicode')
  .meta({ examples: ['s3://spanstream-prod-intake-123456789012-eu-west-1/letters/7.txt'] })
  .transform((address, context) => {
    const [, bucket = '', key = ''] = ADDRESS.exec(address) ?? [];
    // Clients and proxies take such parts for folders, and would ask for another object.
    const hasDots = key.split('/').some((part) => part === '.' || part === '..');
    if (Buffer.byteLength(key) <= MAXIMUM_KEY_BYTES && !hasDots) return { address, bucket, key };
    const message = hasDots ? 'must not have . or .. in its key' : 'must have a shorter key';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

/** An object by its address. */
export type ObjectAddress = z.output<typeof objectSchema>;

/** What every call that reads texts takes beside them. Its ids leave room for the index of a text: `<id>.<index>`. */
const common = {
  object: objectSchema
    .describe('Address of an object of the intake bucket, whose text is read in place of one here.')
    .optional(),
  language: languageSchema.optional(),
  id: recordIdSchema
    .refine((id) => id.length <= 124, 'must be at most 124 characters')
    .describe('Names the text; made where left out, and returned.')
    .optional(),
  store: z.boolean().optional().describe('false: do not record this call as a result.'),
};

/** Body of a call for one text, which stands in `field` or is an object. */
export const bodyOfText = <Field extends string, More extends z.ZodRawShape>(
  field: Field,
  more: More,
) =>
  holdingOneOf([field, 'object'], { [field]: textSchema.optional(), ...common, ...more } as {
    [Name in Field]: z.ZodOptional<typeof textSchema>;
  } & typeof common &
    More);

/** Body of a call for one text, several, or an object. */
export const bodyOfTexts = <More extends z.ZodRawShape>(more: More) =>
  holdingOneOf(['texts', 'text', 'object'], {
    text: textSchema.optional(),
    texts: z
      .array(z.unknown())
      .min(1, TEXTS)
      .max(MAXIMUM_TEXTS, TEXTS)
      .describe('Texts; each that is no usable text is answered in `errors`, by its index.')
      .optional(),
    ...common,
    ...more,
  });

/** A body of this shape that holds one of these fields and no other of them. */
function holdingOneOf<Shape extends z.ZodRawShape>(names: readonly string[], shape: Shape) {
  return z
    .strictObject(shape)
    .superRefine((body: object, context) => {
      const [one, other] = names.filter((name) => Reflect.get(body, name) !== undefined);
      if (one !== undefined && other === undefined) return;
      const [first = '', ...others] = names;
      const path = [one ?? first];
      const message =
        other === undefined
          ? `is required, or ${others.join(', or ')}`
          : `must not stand beside ${other}`;
      context.addIssue({ code: 'custom', path, message });
    })
    .meta({ oneOf: names.map((name) => ({ required: [name] })) });
}
