import type { Result } from '../../api/contract.ts';
import { labelName, languageOf } from '../../text/marks.ts';

/** What the address says of the list; each is empty where it does not matter. */
export const noFilters = {
  source: '',
  type: '',
  entity: '',
  label: '',
  language: '',
  from: '',
  to: '',
  version: '',
};

/** The filters by their names. */
export type Filters = Readonly<Record<keyof typeof noFilters, string>>;

/**
 * Whether a result passes. A score passes where one of its spans or labels does: of those of the type, the entity or the label
 * that are asked for, if any are.
 */
export function passes(result: Result, filters: Filters): boolean {
  const { type, entity, label, language, from, to, version } = filters;
  if (version !== '' && result.pipelineVersion !== version) return false;
  if (language !== '' && languageOf(result) !== language) return false;
  const wanted = entity.trim().toLocaleLowerCase();
  const spans = spansOf(result).filter(
    (span) =>
      (type === '' || span.type === type) &&
      (wanted === '' || span.text.toLocaleLowerCase().includes(wanted)),
  );
  const labels = (result.labels ?? []).filter((one) => label === '' || labelName(one) === label);
  const asksSpans = type !== '' || wanted !== '';
  if (asksSpans && spans.length === 0) return false;
  if (label !== '' && labels.length === 0) return false;
  if (from === '' && to === '') return true;
  const answers = result.answers.filter(({ text }) => text !== null);
  const scored =
    asksSpans || label !== ''
      ? [...(asksSpans ? spans : []), ...(label !== '' ? labels : [])]
      : [...spans, ...labels, ...answers];
  return scored.some(
    ({ score }) => (from === '' || score >= Number(from)) && (to === '' || score <= Number(to)),
  );
}

const spansOf = ({ entities, pii = [] }: Result) => [
  ...entities,
  ...pii.map(({ kind, ...span }) => ({ ...span, type: kind })),
];

/** What of each kind is in a list of results, the most frequent first: what can be chosen. */
export function choicesOf(results: readonly Result[]) {
  return {
    types: frequent(results.flatMap((result) => spansOf(result).map(({ type }) => type))),
    labels: frequent(results.flatMap(({ labels = [] }) => labels.map(labelName))),
    languages: frequent(results.map(languageOf)),
    versions: frequent(results.map(({ pipelineVersion }) => pipelineVersion)),
  };
}

/** Values with what is shown for them: how many there are. */
function frequent(values: readonly string[]): readonly (readonly [string, string])[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([value, count]) => [value, `${value} (${count})`] as const);
}
