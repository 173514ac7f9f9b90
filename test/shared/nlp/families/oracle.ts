import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Aggregation } from '#shared/nlp/index.ts';

/** Parallel arrays, one element a span. */
export type Spans = readonly [types: string[], starts: number[], ends: number[], scores: number[]];
/** Whether the null answer was allowed, and the pipeline's list. */
export type ExpectedAnswers = readonly [
  isNullAllowed: boolean,
  spans: readonly (readonly [start: number, end: number, score: number])[],
];

/** What `fixtures/families/make_oracles.py` writes of one model. */
export type FamilyModel =
  | { readonly kind: 'tokens'; readonly sameAs: string }
  | {
      readonly kind: 'tokens';
      readonly expected: Readonly<Partial<Record<Aggregation, readonly Spans[]>>>;
      readonly tags?: readonly Spans[];
    }
  | { readonly kind: 'answers'; readonly expected: readonly ExpectedAnswers[] }
  | {
      readonly kind: 'labels';
      readonly expected: Readonly<Record<LabelFunction, readonly (readonly number[])[]>>;
    };
/** How logits become scores; `default` is what the pipeline chooses. */
export type LabelFunction = 'default' | 'sigmoid' | 'softmax' | 'none';

/** Folder of the families' models. */
export const familiesDirectory = fileURLToPath(
  new URL('../../../../fixtures/families', import.meta.url),
);

/** What Hugging Face's pipelines make of the texts with each of the families' models. */
export function readFamilies() {
  const packed = readFileSync(`${familiesDirectory}/oracles.json.gz`);
  return JSON.parse(gunzipSync(packed).toString('utf8')) as {
    readonly texts: readonly string[];
    readonly questions: readonly { question: string; context: string; topK: number }[];
    readonly models: Readonly<Record<string, FamilyModel>>;
  };
}
