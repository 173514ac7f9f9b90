import type { Result } from '../api/contract.ts';
import { formatScore } from '../format.ts';
import type { Layer, Mark } from './segments.ts';

/** What each layer is called, and in which order they are listed. */
export const layerNames: Readonly<Record<Layer, string>> = {
  entity: 'entity',
  answer: 'answer',
  pii: 'personal data',
  tag: 'part of speech',
};

/** What of a result has spans. */
type Found = Pick<Result, 'entities' | 'answers' | 'pii' | 'tags'>;

/** All spans of a result. Parts of speech cover every word, so they are drawn on demand. */
export function marksOf(
  { entities, answers, pii = [], tags = [] }: Found,
  withTags = false,
): Mark[] {
  return [
    ...entities.map(({ type, start, end, score }) => mark('entity', type, start, end, score)),
    ...answers.flatMap(({ question, start, end, score }) =>
      start === null || end === null ? [] : mark('answer', question, start, end, score),
    ),
    ...pii.map(({ kind, start, end, score }) => mark('pii', kind, start, end, score)),
    ...(withTags ? tags : []).map(({ tag, start, end, score }) =>
      mark('tag', tag, start, end, score),
    ),
  ];
}

const mark = (layer: Layer, name: string, start: number, end: number, score: number): Mark => ({
  layer,
  name,
  start,
  end,
  score,
});

/** A mark in words. */
export const describeMark = ({ layer, name, score }: Mark): string =>
  `${layer === 'answer' ? 'answers' : layerNames[layer]} ${name}, ${formatScore(score)}`;

/** A label with the classification that gave it. */
export const labelName = ({ task, label }: { task: string; label: string }): string =>
  `${task}: ${label}`;

/** Language of a result; `und` where nothing says it. */
export const languageOf = ({ language }: { readonly language?: string | undefined }): string =>
  language ?? 'und';
