import { isProbe } from '#shared/contracts/canary.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { isResult, type TableItem } from '#shared/results-table/stored-item.ts';

/** Which results are wanted; what is left out does not matter. */
export interface Wanted {
  readonly source?: string | undefined;
  readonly id?: string | undefined;
  /** Arrival times in UTC with milliseconds, `since` inclusive. */
  readonly since?: string | undefined;
  readonly pipeline?: string | undefined;
  /** Types of entities; a result has to have one of them, and is shown with these alone. */
  readonly entities?: readonly string[] | undefined;
}

/** A result as it is wanted, or undefined where it is not. */
export function chooseResult(result: ResultItem, wanted: Wanted): ResultItem | undefined {
  const { source, id, since, pipeline, entities: types } = wanted;
  if (source !== undefined && result.source !== source) return undefined;
  // The canary's are of no interest to whoever asks for texts.
  if (source === undefined && id === undefined && isProbe(result)) return undefined;
  if (id !== undefined && result.id !== id) return undefined;
  if (since !== undefined && result.arrivedAt < since) return undefined;
  if (pipeline !== undefined && result.pipelineVersion !== pipeline) return undefined;
  if (types === undefined) return result;
  const entities = result.entities.filter(({ type }) => types.includes(type.toUpperCase()));
  return entities.length === 0 ? undefined : { ...result, entities };
}

/** An item as it is wanted. A rejection has no source, no record and no entities: who asks for any of them is not told of it. */
export function chooseItem(item: TableItem, wanted: Wanted): TableItem | undefined {
  if (isResult(item)) return chooseResult(item, wanted);
  const { source, id, pipeline, entities, since } = wanted;
  const isAsked = [source, id, pipeline, entities].some((asked) => asked !== undefined);
  return isAsked || (since !== undefined && item.arrivedAt < since) ? undefined : item;
}
