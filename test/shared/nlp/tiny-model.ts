import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sumFile } from '#shared/nlp/file-sums.ts';
import { elementTypes, type OnnxModel, writeOnnx } from '#test/bench/onnx-graph.ts';

/** What each head of a model says of a token. */
interface Meaning {
  readonly entity?: string;
  readonly tag?: string;
  readonly mood?: string;
  /** The token is an answer. */
  readonly answers?: true;
}
const vocabulary: readonly (readonly [token: string, Meaning])[] = [
  ['[PAD]', {}],
  ['[UNK]', {}],
  ['[CLS]', {}],
  ['[SEP]', {}],
  ['ada', { entity: 'B-PER', tag: 'PROPN', answers: true }],
  ['##bel', { entity: 'I-PER', tag: 'VERB' }],
  ['king', { entity: 'I-PER', tag: 'NOUN' }],
  ['visits', { tag: 'VERB', mood: 'glad' }],
  ['rome', { entity: 'B-LOC', tag: 'PROPN' }],
  ['.', { tag: 'PUNCT' }],
];
const SURE = 4;

/** An output of a graph that looks up what it says of each token. */
export interface TinyOutput {
  readonly name: string;
  /** By column, what each token scores. */
  readonly columns: readonly ((meaning: Meaning) => number)[];
  /** One row for a text, each column its highest token's, instead of one for each token. */
  readonly ofText?: true;
  /** One value for each token, without a dimension of its own. */
  readonly flat?: true;
}

const columnsOf = (field: 'entity' | 'tag' | 'mood', labels: readonly string[], other = '') =>
  labels.map(
    (label) =>
      (meaning: Meaning): number =>
        (meaning[field] ?? other) === label ? SURE : 0,
  );
const entities = ['O', 'B-PER', 'I-PER', 'B-LOC'];
const tags = ['NOUN', 'PROPN', 'PUNCT', 'VERB'];
const moods = ['calm', 'glad'];
const isAnswer = ({ answers }: Meaning): number => (answers ? SURE : 0);

/** A model's manifest entry but for its files, and its graph. */
interface TinyModel {
  readonly entry: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly outputs: readonly TinyOutput[];
}

const logits: TinyOutput = { name: 'logits', columns: columnsOf('entity', entities, 'O') };
/** A token classifier alone. */
const tiny: TinyModel = {
  entry: { name: 'tiny', languages: ['*'], heads: [{ task: 'entities' }] },
  outputs: [logits],
};

/** A model whose one graph serves every task, for texts in the languages. */
export const manyHeaded = (name: string, languages: readonly string[]): TinyModel => ({
  entry: {
    name,
    languages,
    heads: [
      { task: 'entities' },
      { task: 'tags', output: 'tag_logits', labels: tags },
      { task: 'labels', name: 'mood', output: 'mood_logits', labels: moods },
      { task: 'answers' },
    ],
  },
  outputs: [
    logits,
    { name: 'tag_logits', columns: columnsOf('tag', tags) },
    { name: 'mood_logits', columns: columnsOf('mood', moods), ofText: true },
    { name: 'start_logits', columns: [isAnswer], flat: true },
    { name: 'end_logits', columns: [isAnswer], flat: true },
  ],
});

/** Writes models that look each token up in tables, with a manifest beside them. */
export async function writeTinyModel(
  modelsDirectory: string,
  models: readonly TinyModel[] = [tiny],
): Promise<void> {
  const written: unknown[] = [];
  for (const model of models) {
    written.push({ ...(await writeModel(modelsDirectory, model)), ...model.entry });
  }
  await writeFile(
    join(modelsDirectory, 'manifest.json'),
    JSON.stringify({ version: 2, models: written }),
  );
}

async function writeModel(modelsDirectory: string, { entry, outputs }: TinyModel) {
  const folder = join(modelsDirectory, entry.name);
  await mkdir(join(folder, 'onnx'), { recursive: true });
  const write = (name: string, value: unknown) =>
    writeFile(join(folder, name), JSON.stringify(value));
  await write('config.json', {
    model_type: 'bert',
    architectures: ['BertForTokenClassification'],
    max_position_embeddings: 16,
    id2label: Object.fromEntries(entities.map((label, index) => [index, label])),
  });
  await write('tokenizer.json', tokenizerJson());
  await writeOnnx(join(folder, 'onnx', 'model.onnx'), lookUpModel(outputs));
  const paths = ['config.json', 'tokenizer.json', 'onnx/model.onnx'];
  const files = await Promise.all(
    paths.map(async (path) => ({ path, ...(await sumFile(join(folder, path))) })),
  );
  const made = { revision: '1', source: 'made by the tests', licence: 'Apache-2.0' };
  return { ...made, maximumLength: 16, files };
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

/** A graph of tables by token; by default of the token classifier, whose inputs and outputs may be of other types. */
export function lookUpModel(
  outputs: readonly TinyOutput[] = [logits],
  types: { readonly input?: 'int64' | 'int32'; readonly half?: true } = {},
): OnnxModel {
  const elements = types.half ? elementTypes.float16 : elementTypes.float;
  const value = (name: string, type: number, ...sizes: (number | string)[]) => ({
    name,
    type: {
      tensor_type: {
        elem_type: type,
        shape: {
          dim: sizes.map((size) =>
            typeof size === 'number' ? { dim_value: size } : { dim_param: size },
          ),
        },
      },
    },
  });
  return {
    ir_version: 8,
    opset_import: [{ version: 17 }],
    graph: {
      name: 'look-up',
      node: outputs.flatMap(({ name, ofText }) => {
        const found = ofText ? `${name} by token` : name;
        const gather = {
          op_type: 'Gather',
          input: [`${name} table`, 'input_ids'],
          output: [found],
        };
        const attribute = [
          { name: 'axes', ints: [1], type: INTS },
          { name: 'keepdims', i: 0, type: INT },
        ];
        const highest = { op_type: 'ReduceMax', input: [found], output: [name], attribute };
        return ofText ? [gather, highest] : [gather];
      }),
      initializer: outputs.map(({ name, columns, flat }) => {
        const table = vocabulary.flatMap(([, meaning]) => columns.map((column) => column(meaning)));
        return {
          name: `${name} table`,
          dims: flat ? [vocabulary.length] : [vocabulary.length, columns.length],
          data_type: elements,
          raw_data: new Uint8Array(
            (types.half ? Uint16Array.from(table, toHalf) : Float32Array.from(table)).buffer,
          ),
        };
      }),
      input: [value('input_ids', elementTypes[types.input ?? 'int64'], 'batch', 'sequence')],
      output: outputs.map(({ name, columns, ofText, flat }) =>
        value(
          name,
          elements,
          'batch',
          ...(ofText ? [] : ['sequence']),
          ...(flat ? [] : [columns.length]),
        ),
      ),
    },
  };
}

/** ONNX's numbers for kinds of attributes. */
const [INT, INTS] = [2, 7];

/** IEEE 754 binary16 of what these tables hold: 0 and powers of 2. */
function toHalf(value: number): number {
  return value === 0 ? 0 : (Math.log2(value) + 15) << 10;
}
