import { type CountedByName, metricKey, usuallyCountedByName } from '#shared/metric-names.ts';
import type { TableItem } from '#shared/results-table/stored-item.ts';

/**
 * What the counters must add up to for these items of the results table, by `metricKey`: written apart from the code that
 * publishes, to check it. `LowConfidenceShare` is the number of results of low confidence; latency is left out.
 */
export function expectedMetrics(
  items: Iterable<TableItem>,
  lowConfidenceThreshold = 0.5,
  { entityTypes, labels, personalDataKinds, languages }: CountedByName = usuallyCountedByName,
): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (by: number, name: string, dimensions?: Record<string, string>): void => {
    const key = metricKey(name, dimensions);
    if (by > 0) sums[key] = (sums[key] ?? 0) + by;
  };
  for (const item of items) {
    if (item.source === 'spanstream-canary') continue;
    if (item.shard !== 'http') add(1, 'RecordsStreamed');
    if (!('entities' in item)) {
      add(1, 'RecordsRejected');
      add(1, 'RecordsRejected', { Reason: item.reason });
      continue;
    }
    add(1, 'RecordsProcessed');
    add(1, 'RecordsProcessed', { Source: item.source });
    const { language = '' } = item;
    if (languages.includes(language)) add(1, 'RecordsProcessed', { Language: language });
    add(item.entities.length, 'EntitiesFound');
    for (const { type } of item.entities) {
      if (entityTypes.includes(type)) add(1, 'EntitiesFound', { Type: type });
    }
    for (const { label } of item.labels ?? []) {
      if (labels.includes(label)) add(1, 'LabelsFound', { Label: label });
    }
    for (const { kind } of item.pii ?? []) {
      add(1, 'PersonalDataFound');
      if (personalDataKinds.includes(kind)) add(1, 'PersonalDataFound', { Kind: kind });
    }
    add(item.unserved?.length ? 1 : 0, 'LanguageUnserved');
    const given = item.answers.filter((answer) => answer.text !== null);
    add(given.length, 'QuestionsAnswered');
    add(item.answers.length - given.length, 'QuestionsUnanswered');
    add(item.tokens, 'TokensProcessed');
    add(item.windows > 1 ? 1 : 0, 'TextsWindowed');
    const unsure = [...item.entities, ...given].some((span) => span.score < lowConfidenceThreshold);
    add(unsure ? 1 : 0, 'LowConfidenceShare');
  }
  return sums;
}
