import { ValidationError } from '#shared/errors.ts';
import type { TextEngine } from '#shared/nlp/index.ts';
import { analyzeAll, type Evaluation, type EvaluationOptions } from './analyze-in-slices.ts';
import { calibrationLines, calibrationOf, type Judged } from './evaluation/calibration.ts';
import { gapOf, readPosSentences, tagsOfWords } from './evaluation/tagged-words.ts';

/** Evaluates parts of speech: the share of the given words whose tag is right. */
export async function evaluateTags(
  engine: TextEngine,
  data: string,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const sentences = readPosSentences(data).slice(0, options.limit);
  if (sentences.length === 0) throw new ValidationError('data', 'the data holds no sentence');
  const gap = gapOf(options.language);
  const texts = sentences.map(({ words }) => words.join(gap));
  const analyses = await analyzeAll(engine, texts, 'tags', options);
  const counts = new Map<string, { right: number; words: number }>();
  const judged: Judged[] = [];
  let [right, total] = [0, 0];
  sentences.forEach(({ words, tags }, index) => {
    const given = tagsOfWords(words, gap, analyses[index]?.tags ?? []);
    tags.forEach((tag, word) => {
      // Words that stand for nothing of the text have no part of speech.
      if (tag === '_') return;
      const those = counts.get(tag) ?? { right: 0, words: 0 };
      counts.set(tag, those);
      those.words++;
      total++;
      const isRight = given[word]?.tag === tag;
      if (given[word]) judged.push({ score: given[word].score, isRight });
      if (!isRight) return;
      those.right++;
      right++;
    });
  });
  const accuracy = right / Math.max(1, total);
  const tags = Object.fromEntries(
    [...counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([tag, those]) => [tag, { recall: those.right / those.words, support: those.words }]),
  );
  const calibration = calibrationOf(judged);
  return {
    summary: { examples: sentences.length, words: total, accuracy, tags, calibration },
    lines: [
      'tag     found   words',
      ...Object.entries(tags).map(
        ([tag, { recall, support }]) =>
          `${tag.padEnd(6)} ${recall.toFixed(4)} ${String(support).padStart(7)}`,
      ),
      `accuracy ${accuracy.toFixed(4)} of ${total} words`,
      ...calibrationLines(calibration),
    ],
  };
}
