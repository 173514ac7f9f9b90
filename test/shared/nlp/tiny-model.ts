import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sumFile } from '#shared/nlp/file-sums.ts';
import { elementTypes, type OnnxModel, writeOnnx } from '#test/bench/onnx-graph.ts';

/** Tokens, and the label that the model gives each. */
const vocabulary = [
  ['[PAD]', 'O'],
  ['[UNK]', 'O'],
  ['[CLS]', 'O'],
  ['[SEP]', 'O'],
  ['ada', 'B-PER'],
  ['##bel', 'I-PER'],
  ['king', 'I-PER'],
  ['visits', 'O'],
  ['rome', 'B-LOC'],
  ['.', 'O'],
] as const;
const labels = ['O', 'B-PER', 'I-PER', 'B-LOC'];
const SURE = 4;

/** Writes a token classifier that looks each token's label up in a table, with a manifest beside it. */
export async function writeTinyModel(modelsDirectory: string): Promise<void> {
  const folder = join(modelsDirectory, 'tiny');
  await mkdir(join(folder, 'onnx'), { recursive: true });
  const write = (name: string, value: unknown) =>
    writeFile(join(folder, name), JSON.stringify(value));
  await write('config.json', {
    model_type: 'bert',
    architectures: ['BertForTokenClassification'],
    max_position_embeddings: 16,
    id2label: Object.fromEntries(labels.map((label, index) => [index, label])),
  });
  await write('tokenizer.json', tokenizerJson());
  await writeOnnx(join(folder, 'onnx', 'model.onnx'), lookUpModel());
  const paths = ['config.json', 'tokenizer.json', 'onnx/model.onnx'];
  const files = await Promise.all(
    paths.map(async (path) => ({ path, ...(await sumFile(join(folder, path))) })),
  );
  const model = {
    name: 'tiny',
    task: 'token-classification',
    revision: '1',
    source: 'made by the tests',
    licence: 'Apache-2.0',
    maximumLength: 16,
    files,
  };
  await writeFile(
    join(modelsDirectory, 'manifest.json'),
    JSON.stringify({ version: 1, models: [model] }),
  );
}

function tokenizerJson(): unknown {
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map(([token], id) => [token, id])),
    },
  };
}

function lookUpModel(): OnnxModel {
  const table = Float32Array.from(
    vocabulary.flatMap(([, wanted]) => labels.map((label) => (label === wanted ? SURE : 0))),
  );
  const shape = (...extra: { dim_value: number }[]) => ({
    dim: [{ dim_param: 'batch' }, { dim_param: 'sequence' }, ...extra],
  });
  return {
    ir_version: 8,
    opset_import: [{ version: 17 }],
    graph: {
      name: 'look-up',
      node: [{ op_type: 'Gather', input: ['table', 'input_ids'], output: ['logits'], name: 'g' }],
      initializer: [
        {
          name: 'table',
          dims: [vocabulary.length, labels.length],
          data_type: elementTypes.float,
          raw_data: new Uint8Array(table.buffer),
        },
      ],
      input: [
        {
          name: 'input_ids',
          type: { tensor_type: { elem_type: elementTypes.int64, shape: shape() } },
        },
      ],
      output: [
        {
          name: 'logits',
          type: {
            tensor_type: {
              elem_type: elementTypes.float,
              shape: shape({ dim_value: labels.length }),
            },
          },
        },
      ],
    },
  };
}
