import { calibrationOf, type Judged } from './calibration.ts';
import type { WordEntity } from './word-entities.ts';

/** Precision, recall and F1 of entities found whole and of the right type; 0 to 1. */
export interface EntityScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Entities of the corpus. */
  readonly support: number;
}

interface Counts {
  expected: number;
  predicted: number;
  correct: number;
}

/**
 * Compares sentences' expected entities with those predicted, by conlleval's measure: type and both boundaries must agree.
 *
 * @returns scores overall (micro-averaged) and by type, in the order of the alphabet, and the calibration of predictions that
 *   have a score
 */
export function scoreEntities(
  sentences: Iterable<{ expected: readonly WordEntity[]; predicted: readonly WordEntity[] }>,
) {
  const overall: Counts = { expected: 0, predicted: 0, correct: 0 };
  const types = new Map<string, Counts>();
  const judged: Judged[] = [];
  const add = (type: string, what: keyof Counts) => {
    const counts = types.get(type) ?? { expected: 0, predicted: 0, correct: 0 };
    counts[what]++;
    overall[what]++;
    types.set(type, counts);
  };
  for (const { expected, predicted } of sentences) {
    const wanted = new Set(expected.map(keyOf));
    for (const { type } of expected) add(type, 'expected');
    for (const entity of predicted) {
      add(entity.type, 'predicted');
      const isRight = wanted.has(keyOf(entity));
      if (isRight) add(entity.type, 'correct');
      if (entity.score !== undefined) judged.push({ score: entity.score, isRight });
    }
  }
  const sorted = [...types].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    overall: scoreOf(overall),
    types: Object.fromEntries(sorted.map(([type, counts]) => [type, scoreOf(counts)] as const)),
    calibration: calibrationOf(judged),
  };
}

function keyOf({ type, first, last }: WordEntity): string {
  return `${first} ${last} ${type}`;
}

function scoreOf({ expected, predicted, correct }: Counts): EntityScore {
  const precision = predicted === 0 ? 0 : correct / predicted;
  const recall = expected === 0 ? 0 : correct / expected;
  const f1 = correct === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return { precision, recall, f1, support: expected };
}
