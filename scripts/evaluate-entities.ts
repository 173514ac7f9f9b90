import { ValidationError } from '#shared/errors.ts';
import type { Entity, TextEngine } from '#shared/nlp/index.ts';
import { analyzeAll, type Evaluation, type EvaluationOptions } from './analyze-in-slices.ts';
import { calibrationLines } from './evaluation/calibration.ts';
import { type EntityScore, scoreEntities } from './evaluation/entity-scores.ts';
import { readMarkedEntities } from './evaluation/marked-entities.ts';
import { readTaggedSentences } from './evaluation/tagged-sentences.ts';
import { gapOf } from './evaluation/tagged-words.ts';
import {
  entitiesOfSpans,
  entitiesOfTags,
  mapTag,
  mapType,
  type WordEntity,
} from './evaluation/word-entities.ts';

/** What of entity recognition is evaluated. */
export interface EntityEvaluation extends EvaluationOptions {
  /** Types that count; by default all. */
  readonly types?: readonly string[] | undefined;
}

/**
 * Evaluates entity recognition: of sentences in columns by words, which are joined by spaces where the language has them; of texts
 * with offsets by these.
 */
export async function evaluateEntities(
  engine: TextEngine,
  data: string,
  options: EntityEvaluation,
): Promise<Evaluation> {
  const examples = readExamples(data, gapOf(options.language)).slice(0, options.limit);
  if (examples.length === 0) throw new ValidationError('data', 'the data holds no sentence');
  const analyses = await analyzeAll(
    engine,
    examples.map(({ text }) => text),
    'entities',
    options,
  );
  const counts = ({ type }: WordEntity) => options.types?.includes(type) ?? true;
  const { overall, types, calibration } = scoreEntities(
    examples.map(({ expected, inWords }, index) => ({
      expected: expected.filter(counts),
      predicted: inWords(analyses[index]?.entities ?? []).filter(counts),
    })),
  );
  const { precision, recall, f1 } = overall;
  return {
    summary: { examples: examples.length, precision, recall, f1, types, calibration },
    lines: [
      'type            precision  recall      F1  entities',
      ...Object.entries(types).map(([type, score]) => row(type, score)),
      row('all', overall),
      ...calibrationLines(calibration),
    ],
  };
}

interface Example {
  readonly text: string;
  readonly expected: readonly WordEntity[];
  /** Predicted entities in the units of the expected ones. */
  readonly inWords: (entities: readonly Entity[]) => readonly WordEntity[];
}

function readExamples(data: string, gap: string): Example[] {
  if (data.trimStart().startsWith('[')) {
    return readMarkedEntities(data).map(({ text, entities }) => ({
      text,
      expected: entities.map(inUnits),
      inWords: (found) => found.map(inUnits),
    }));
  }
  return readTaggedSentences(data).map(({ words, tags }) => ({
    text: words.join(gap),
    expected: entitiesOfTags(tags.map(mapTag)),
    inWords: (found) => entitiesOfSpans(words, found, gap),
  }));
}

function inUnits({
  type,
  start,
  end,
  score,
}: Pick<Entity, 'type' | 'start' | 'end'> & Partial<Pick<Entity, 'score'>>): WordEntity {
  return { type: mapType(type), first: start, last: end - 1, score };
}

function row(name: string, { precision, recall, f1, support }: EntityScore): string {
  const figures = [precision, recall, f1].map((value) => value.toFixed(4).padStart(8));
  return `${name.padEnd(16)} ${figures.join('')}  ${String(support).padStart(8)}`;
}
