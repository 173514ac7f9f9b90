import * as z from 'zod';
import { ModelError } from '../../errors.ts';
import { overlapSetting, parseHeadSettings } from '../settings.ts';
import { softmaxRow } from '../softmax.ts';
import type { HeadDescription, Task } from '../task.ts';
import type { WindowOutput } from '../types.ts';
import { outputOf, type Reading } from '../windows/reading.ts';

const settingsSchema = z.strictObject({
  /** `softmax`: one label of all; `sigmoid`: each label by itself; `none`: a number as the model gives it. By default as the pipeline chooses. */
  activation: z.enum(['softmax', 'sigmoid', 'none']).optional(),
  /** Labels that are given at most, best first; by default all with `sigmoid`, else 1. */
  topK: z.int().min(1).optional(),
  /** A label that scores less than this is not given, by label; by default 0.5 with `sigmoid` of several labels. */
  thresholds: z.record(z.string(), z.number()).default({}),
  overlap: overlapSetting,
});
type Activation = 'softmax' | 'sigmoid' | 'none';

/** Labels of whole texts: sentiment, intents, whatever the classifier is for. */
export const labelsTask: Task<'labels'> = {
  architecture: 'ForSequenceClassification',
  outputs: ['logits'],
  isLabelled: true,
  isPerToken: false,
  asksQuestions: false,
  createHead(_model, description) {
    const { name, labels, outputs: names } = description;
    const settings = parse(description);
    const thresholds = new Map(Object.entries(settings.thresholds));
    const activation = settings.activation ?? usualActivation(description);
    // Of several labels that do not exclude each other as many are given as are likely; else the best.
    const [most, least] =
      activation === 'sigmoid' && labels.length > 1
        ? [labels.length, 0.5]
        : [1, Number.NEGATIVE_INFINITY];
    const [output = ''] = names;
    return (reading, asked) => ({
      windows: reading.windows,
      decode(outputs) {
        if (outputs.length === 0) return [];
        const logits = mergeWindows(reading, outputs, output, labels.length);
        const scores = scoresOf(logits, activation);
        return labels
          .map((label, index) => ({ task: name, label, score: scores[index] ?? 0 }))
          .filter(({ label, score }) => score >= (thresholds.get(label) ?? least))
          .sort((a, b) => b.score - a.score)
          .slice(0, asked.topK ?? settings.topK ?? most);
      },
    });
  },
};

/** As Hugging Face's text classification pipeline chooses it. */
function usualActivation({ problemType, labels }: HeadDescription): Activation {
  if (problemType === 'regression') return 'none';
  const isSigmoid = problemType === 'multi_label_classification' || labels.length === 1;
  return isSigmoid ? 'sigmoid' : 'softmax';
}

function parse({ labels, settings: given }: HeadDescription) {
  const settings = parseHeadSettings(settingsSchema, given);
  const unknown = Object.keys(settings.thresholds).find((label) => !labels.includes(label));
  if (unknown === undefined) return settings;
  throw new ModelError(`manifest: settings.thresholds: the model has no label ${unknown}`);
}

/** A long text's logits: the mean of its windows', each weighted by the tokens that it owns. */
function mergeWindows(
  { encoding, windows }: Reading,
  outputs: readonly WindowOutput[],
  name: string,
  width: number,
): Float64Array {
  const merged = new Float64Array(width);
  windows.forEach(({ owns }, index) => {
    const logits = outputOf(outputs[index], name, width);
    const weight = (owns.to - owns.from) / encoding.ids.length;
    for (let i = 0; i < width; i += 1) merged[i] = (merged[i] ?? 0) + weight * (logits[i] ?? 0);
  });
  return merged;
}

function scoresOf(logits: Float64Array, activation: Activation): Float64Array {
  if (activation === 'softmax') {
    const scores = new Float64Array(logits.length);
    softmaxRow(logits, 0, scores);
    return scores;
  }
  // A quantity is kept as it is: one that is infinite could not be.
  const isScore = activation === 'none' ? Number.isFinite : (value: number) => !Number.isNaN(value);
  if (!logits.every(isScore)) throw new RangeError('the model gave a score that is no number');
  return activation === 'none' ? logits : logits.map((value) => 1 / (1 + Math.exp(-value)));
}
