import type { TokenClassificationSettings } from '../task-settings.ts';
import { codePoints } from '../tokenizer/model/vocabulary.ts';
import type {
  Encoding,
  Entity,
  ModelWindow,
  PreparedJob,
  Tokenizer,
  WindowOutput,
} from '../types.ts';
import { groupEntities } from './group-entities.ts';
import { labelSchemes } from './label-sequence.ts';
import type { Label } from './labels.ts';
import { tokenWindows } from './windows.ts';

export type { Aggregation } from './group-entities.ts';
export { type Label, parseLabels } from './labels.ts';

/** What token classification needs to know of its model. */
export interface TokenClassifier {
  readonly tokenizer: Tokenizer;
  /** Code points of each token as the vocabulary spells it, a leading `##` included. */
  readonly spellingLengths: () => Uint8Array;
  /** By output column. */
  readonly labels: readonly Label[];
  /** Tokens of a window, special tokens counted. */
  readonly maximumLength: number;
  readonly settings: TokenClassificationSettings;
}

/** Prepares a text for entity recognition: all of it, in as many windows as it takes. */
export function prepareEntities(
  classifier: TokenClassifier,
  text: string,
  encoding: Encoding = classifier.tokenizer.encode(text),
): PreparedJob<Entity[]> {
  const { tokenizer, labels, settings } = classifier;
  const mayFollow = settings.labelScheme && labelSchemes[settings.labelScheme];
  const windows = tokenWindows(encoding.ids.length, classifier.maximumLength - 2, settings.overlap);
  return {
    windows: windows.map(({ from, to }) =>
      withSpecialTokens(encoding.ids.subarray(from, to), tokenizer),
    ),
    decode(outputs) {
      const logits = new Float32Array(encoding.ids.length * labels.length);
      windows.forEach(({ from, owns }, index) => {
        // Row 0 of a window is its classification token.
        const first = (owns.from - from + 1) * labels.length;
        const count = (owns.to - owns.from) * labels.length;
        const part = logitsOf(outputs[index]).subarray(first, first + count);
        logits.set(part, owns.from * labels.length);
      });
      const continues = continuations(encoding, text, classifier);
      const { starts, ends } = encoding;
      const predictions = { text, starts, ends, continues, logits };
      return groupEntities(predictions, labels, settings.aggregation, mayFollow);
    },
  };
}

function withSpecialTokens(tokens: Int32Array, { special }: Tokenizer): ModelWindow {
  const ids = new Int32Array(tokens.length + 2);
  ids[0] = special.cls;
  ids.set(tokens, 1);
  ids[tokens.length + 1] = special.sep;
  return { ids, typeIds: new Int32Array(ids.length) };
}

function logitsOf(output: WindowOutput | undefined): Float32Array {
  const logits = output?.logits;
  if (logits === undefined) throw new RangeError('the model gave no output named logits');
  return logits;
}

/**
 * Which tokens continue the word before them, by the pipeline's own rule: a token whose spelling in
 * the vocabulary is not as long as the text it stands for. So a word written with combining marks
 * joins the word before it; equal spans matter more here than the better rule.
 */
function continuations(
  encoding: Encoding,
  text: string,
  { tokenizer, spellingLengths }: TokenClassifier,
): Uint8Array {
  const lengths = spellingLengths();
  const continues = new Uint8Array(encoding.ids.length);
  for (let token = 0; token < continues.length; token += 1) {
    const id = encoding.ids[token] ?? 0;
    if (id === tokenizer.special.unk) continue;
    const length = codePoints(text, encoding.starts[token] ?? 0, encoding.ends[token] ?? 0);
    if (lengths[id] !== length) continues[token] = 1;
  }
  return continues;
}
