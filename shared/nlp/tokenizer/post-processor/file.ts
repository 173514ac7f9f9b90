import * as z from 'zod';

const templatePiece = z.union([
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: z.int().min(0) }) }),
  z.object({ Sequence: z.object({ id: z.string(), type_id: z.int().min(0) }) }),
]);

const id = z.int().min(0);
const token = z.tuple([z.string(), id]);

const template = z.object({
  type: z.literal('TemplateProcessing'),
  single: z.array(templatePiece),
  pair: z.array(templatePiece).default([]),
  special_tokens: z.record(z.string(), z.object({ ids: z.array(id) })).default({}),
});

const bert = z.object({ type: z.literal('BertProcessing'), cls: token, sep: token });

const roberta = z.object({
  type: z.literal('RobertaProcessing'),
  cls: token,
  sep: token,
  trim_offsets: z.boolean().default(true),
  add_prefix_space: z.boolean().default(true),
});

const byteLevel = z.object({
  type: z.literal('ByteLevel'),
  trim_offsets: z.boolean().default(true),
  add_prefix_space: z.boolean().default(true),
});

const stages = [template, bert, roberta, byteLevel] as const;

const sequence = z.object({
  type: z.literal('Sequence'),
  get processors() {
    return z.array(postProcessorFile);
  },
});

/** `post_processor` of `tokenizer.json`. */
export const postProcessorFile = z.discriminatedUnion('type', [...stages, sequence]);

export type PostProcessorFile =
  | z.output<(typeof stages)[number]>
  | { type: 'Sequence'; processors: PostProcessorFile[] };

export type TemplatePiece = z.output<typeof templatePiece>;
