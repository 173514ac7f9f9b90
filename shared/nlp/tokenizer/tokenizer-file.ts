import * as z from 'zod';
import { ModelError } from '#shared/errors.ts';
import { modelFile, modelTypeOf } from './model/file.ts';
import { normalizerFile } from './normalizer/file.ts';
import { postProcessorFile } from './post-processor/file.ts';
import { preTokenizerFile } from './pre-tokenizer/file.ts';

const schema = z.object({
  added_tokens: z
    .array(
      z.object({
        id: z.int().min(0),
        content: z.string(),
        single_word: z.boolean().default(false),
        lstrip: z.boolean().default(false),
        rstrip: z.boolean().default(false),
        normalized: z.boolean().default(false),
        special: z.boolean().default(false),
      }),
    )
    .nullish(),
  normalizer: normalizerFile.nullish(),
  pre_tokenizer: preTokenizerFile.nullish(),
  model: modelFile,
  post_processor: postProcessorFile.nullish(),
  padding: z.object({ pad_id: z.int().min(0).default(0) }).nullish(),
});

/** The parts of `tokenizer.json` that are read here. */
export type TokenizerFile = z.output<typeof schema>;

/** What can be run of each stage, and where a sequence holds its members. */
const stages = {
  normalizer: { types: typesOf(normalizerFile), members: 'normalizers' },
  pre_tokenizer: { types: typesOf(preTokenizerFile), members: 'pretokenizers' },
  model: { types: typesOf(modelFile), members: '' },
  post_processor: { types: typesOf(postProcessorFile), members: 'processors' },
} as const;

const object = z.record(z.string(), z.unknown());

/**
 * Checks a parsed `tokenizer.json`.
 *
 * @throws {ModelError} naming the part that is not supported, or the fields at fault.
 */
export function parseTokenizerFile(input: unknown): TokenizerFile {
  const file: Record<string, unknown> = { ...object.safeParse(input).data };
  const model = object.safeParse(file.model).data ?? {};
  file.model = { ...model, type: modelTypeOf(model) };
  for (const [stage, { types, members }] of Object.entries(stages)) {
    if (file[stage] !== null && file[stage] !== undefined) {
      checkTypes(stage, file[stage], types, members);
    }
  }
  const parsed = schema.safeParse(file);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ModelError(`tokenizer.json: ${faults.join('; ')}`, { cause: parsed.error });
}

function checkTypes(path: string, part: unknown, types: readonly string[], members: string): void {
  const fields = object.safeParse(part).data ?? {};
  const type = typeof fields.type === 'string' ? fields.type : 'none';
  if (!types.includes(type)) {
    throw new ModelError(`tokenizer.json: ${path} is ${type}; supported is ${types.join(', ')}`);
  }
  const inner = type === 'Sequence' ? fields[members] : undefined;
  if (!Array.isArray(inner)) return;
  for (const [index, member] of inner.entries()) {
    checkTypes(`${path}.${members}.${index}`, member, types, members);
  }
}

function typesOf(union: {
  readonly options: readonly { readonly shape: { readonly type: z.ZodType } }[];
}): string[] {
  return union.options.flatMap(({ shape: { type } }) => {
    if (type instanceof z.ZodLiteral) return [...type.values].map(String);
    return type instanceof z.ZodEnum ? type.options.map(String) : [];
  });
}
