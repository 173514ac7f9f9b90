import { ValidationError } from '#shared/errors.ts';
import type { TextEngine } from '#shared/nlp/index.ts';
import { findPersonalData, personalDataKinds } from '#shared/nlp/personal-data/index.ts';
import { analyzeAll, type Evaluation, type EvaluationOptions } from './analyze-in-slices.ts';
import { scorePersonalData } from './evaluation/personal-data-scores.ts';
import { readPresidio } from './evaluation/presidio-file.ts';

/**
 * Evaluates the search for personal data of all kinds, organizations among them: the engine's entities and the rules. The figures
 * in front count spans that share a character with one of their kind; `exact` those with the same ends.
 */
export async function evaluatePersonalData(
  engine: TextEngine,
  data: string,
  options: EvaluationOptions,
): Promise<Evaluation> {
  const texts = readPresidio(data).slice(0, options.limit);
  if (texts.length === 0) throw new ValidationError('data', 'the data holds no text');
  const analyses = await analyzeAll(
    engine,
    texts.map(({ text }) => text),
    'entities',
    options,
  );
  const found = texts.map(({ text, spans }, index) => {
    const { language = 'und', entities = [] } = analyses[index] ?? {};
    return {
      expected: spans,
      predicted: findPersonalData(text, {
        language: options.language ?? (language === 'und' ? 'en' : language),
        entities,
        kinds: personalDataKinds,
      }),
    };
  });
  const [overlap, exact] = [scorePersonalData(found, 'overlap'), scorePersonalData(found, 'exact')];
  const { precision, recall, f1 } = overlap.all;
  const figures = (name: string, score: { precision: number; recall: number; f1: number }) =>
    `${name.padEnd(28)} ${[score.precision, score.recall, score.f1].map((value) => value.toFixed(4)).join('  ')}`;
  return {
    summary: {
      examples: texts.length,
      precision,
      recall,
      f1,
      structured: overlap.structured,
      exact: { ...exact.all, structured: exact.structured },
      types: overlap.types,
      kinds: overlap.kinds,
    },
    lines: [
      'type                  recall  exact   spans',
      ...Object.entries(overlap.types).map(
        ([type, { recall: share, support }]) =>
          `${type.padEnd(20)}  ${share.toFixed(4)}  ${(exact.types[type]?.recall ?? 0).toFixed(4)} ${String(support).padStart(6)}`,
      ),
      'kind              precision  exact   spans',
      ...Object.entries(overlap.kinds).map(
        ([kind, { precision: share, found: count }]) =>
          `${kind.padEnd(20)}  ${share.toFixed(4)}  ${(exact.kinds[kind]?.precision ?? 0).toFixed(4)} ${String(count).padStart(6)}`,
      ),
      `${''.padEnd(24)} precision  recall      F1`,
      figures('all, overlapping', overlap.all),
      figures('all, exact', exact.all),
      figures('structured, overlapping', overlap.structured),
      figures('structured, exact', exact.structured),
    ],
  };
}
