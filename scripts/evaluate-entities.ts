import { ValidationError } from '#shared/errors.ts';
import type { TextEngine } from '#shared/nlp/index.ts';
import { analyzeInSlices } from './analyze-in-slices.ts';
import { type EntityScore, scoreEntities } from './evaluation/entity-scores.ts';
import { readTaggedSentences } from './evaluation/tagged-sentences.ts';
import { entitiesOfSpans, entitiesOfTags, mapTag } from './evaluation/word-entities.ts';

/** Evaluates entity recognition sentence by sentence, the words of each joined by spaces. */
export async function evaluateEntities(
  engine: TextEngine,
  data: string,
  { limit = Number.POSITIVE_INFINITY, signal }: { limit?: number | undefined; signal: AbortSignal },
): Promise<{ summary: Record<string, unknown>; lines: string[] }> {
  const sentences = readTaggedSentences(data).slice(0, limit);
  if (sentences.length === 0) throw new ValidationError('data', 'the data holds no sentence');
  const requests = sentences.map(({ words }) => ({ text: words.join(' ') }));
  const analyses = await analyzeInSlices(engine, requests, 'sentences', signal);
  const { overall, types } = scoreEntities(
    sentences.map(({ words, tags }, index) => ({
      expected: entitiesOfTags(tags.map(mapTag)),
      predicted: entitiesOfSpans(words, analyses[index]?.entities ?? []),
    })),
  );
  const { precision, recall, f1 } = overall;
  return {
    summary: { examples: sentences.length, precision, recall, f1, types },
    lines: [
      'type            precision  recall      F1  entities',
      ...Object.entries(types).map(([type, score]) => row(type, score)),
      row('all', overall),
    ],
  };
}

function row(name: string, { precision, recall, f1, support }: EntityScore): string {
  const figures = [precision, recall, f1].map((value) => value.toFixed(4).padStart(8));
  return `${name.padEnd(16)} ${figures.join('')}  ${String(support).padStart(8)}`;
}
