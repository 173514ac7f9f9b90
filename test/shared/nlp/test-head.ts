import type { HeadRequest, HeadTask } from '#shared/nlp/task.ts';
import { tasks } from '#shared/nlp/tasks.ts';
import type {
  Analysis,
  ModelWindow,
  OutputRow,
  PreparedJob,
  Tokenizer,
  WindowOutput,
} from '#shared/nlp/types.ts';
import { readText } from '#shared/nlp/windows/reading.ts';

/** A head of a model that is its tokenizer alone: what would be run for a text, and what outputs would mean. */
export function createTestHead<Name extends HeadTask>(
  task: Name,
  tokenizer: Tokenizer,
  options: {
    readonly labels?: readonly string[];
    readonly settings?: Readonly<Record<string, unknown>>;
    readonly maximumLength?: number;
    readonly overlap?: number;
    readonly problemType?: string;
  } = {},
): (text: string, asked?: Partial<HeadRequest>) => PreparedJob<Analysis[Name]> {
  const { labels = [], settings = {}, maximumLength = 512, overlap = 128, problemType } = options;
  const { outputs } = tasks[task];
  const model = { tokenizer, maximumLength, overlap };
  const description = { task, name: task, outputs, labels, settings, problemType };
  const head = tasks[task].createHead(model, description);
  return (text, asked) => head(readText(model, text), { question: '', topK: undefined, ...asked });
}

/** Values of a model's output for one window. */
export const rowOf = (values: ArrayLike<number>, width = values.length): OutputRow => ({
  values: Float32Array.from(values),
  width,
});

/** What each task does with a text but for the model: its outputs have no two neighbours alike, and no scheme allows them. */
export function createTaskWorks(tokenizer: Tokenizer): Record<HeadTask, (text: string) => unknown> {
  const logits = (size: number) => Float32Array.from({ length: size }, (_, i) => (i * 7919) % 13);
  const labels = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC'];
  const model = { labels, maximumLength: 128, overlap: 31 };
  const settings = { aggregation: 'average', labelScheme: 'IOB2' };
  const entities = createTestHead('entities', tokenizer, { ...model, settings });
  const tags = createTestHead('tags', tokenizer, model);
  const classes = createTestHead('labels', tokenizer, model);
  const answers = createTestHead('answers', tokenizer);
  const width = labels.length;
  const byToken = ({ ids }: ModelWindow) => ({ logits: rowOf(logits(ids.length * width), width) });
  const byText = () => ({ logits: rowOf(logits(width)) });
  const spans = ({ ids }: ModelWindow) => ({
    start_logits: rowOf(logits(ids.length)),
    end_logits: rowOf(logits(ids.length)),
  });
  return {
    entities: (text) => decode(entities(text), byToken),
    tags: (text) => decode(tags(text), byToken),
    labels: (text) => decode(classes(text), byText),
    answers: (text) => decode(answers(text, { question: 'who was there?', topK: 5 }), spans),
  };
}

function decode<T>(job: PreparedJob<T>, outputOf: (window: ModelWindow) => WindowOutput): T {
  return job.decode(job.windows.map(outputOf));
}
