import { ValidationError } from '#shared/errors.ts';
import type { Label, TextEngine } from '#shared/nlp/index.ts';
import { analyzeAll, type Evaluation, type EvaluationOptions } from './analyze-in-slices.ts';
import { calibrationLines, calibrationOf } from './evaluation/calibration.ts';
import { scoreLabels } from './evaluation/label-scores.ts';
import { readLabelledTexts } from './evaluation/labelled-texts.ts';

/** Evaluates text classification with the classifier whose labels are those of the data. */
export async function evaluateLabels(
  engine: TextEngine,
  data: string,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const texts = readLabelledTexts(data).slice(0, options.limit);
  if (texts.length === 0) throw new ValidationError('data', 'the data holds no text');
  const analyses = await analyzeAll(
    engine,
    texts.map(({ text }) => text),
    'labels',
    options,
  );
  const wanted = new Set(texts.flatMap(({ labels }) => labels));
  const given = analyses.flatMap(({ labels }) => labels);
  const classifier = given.find(({ label }) => wanted.has(nameOf(label)))?.task;
  if (classifier === undefined) {
    const known = [...new Set(given.map(({ task, label }) => `${task}: ${label}`))].join(', ');
    throw new ValidationError(
      'data',
      `no classifier gives the data's labels (${[...wanted].slice(0, 8).join(', ')}), but ${known || 'none'}`,
    );
  }
  const judged = texts.map(({ labels: expected }, index) => ({
    expected,
    predicted: (analyses[index]?.labels ?? [])
      .filter(({ task }) => task === classifier)
      .sort((a: Label, b: Label) => b.score - a.score)
      .map(({ label, score }) => ({ label: nameOf(label), score })),
  }));
  const { macroF1, accuracy, matthews, labels } = scoreLabels(
    judged.map(({ expected, predicted }) => ({
      expected,
      predicted: predicted.map(({ label }) => label),
    })),
  );
  const calibration = calibrationOf(
    judged.flatMap(({ expected, predicted }) =>
      predicted.map(({ label, score }) => ({ score, isRight: expected.includes(label) })),
    ),
  );
  return {
    summary: {
      examples: texts.length,
      classifier,
      macroF1,
      accuracy,
      matthews,
      labels,
      calibration,
    },
    lines: [
      'label                            F1   texts',
      ...Object.entries(labels).map(
        ([label, { f1, support }]) =>
          `${label.padEnd(28)} ${f1.toFixed(4)} ${String(support).padStart(7)}`,
      ),
      `macro F1 ${macroF1.toFixed(4)}, accuracy ${accuracy.toFixed(4)}, Matthews ${matthews.toFixed(4)}`,
      ...calibrationLines(calibration),
    ],
  };
}

/** Labels by the names that data uses: those of acceptability are often numbers. */
function nameOf(label: string): string {
  const name = label.trim().toLowerCase();
  if (name === '1' || name === 'label_1') return 'acceptable';
  if (name === '0' || name === 'label_0') return 'unacceptable';
  return name;
}
