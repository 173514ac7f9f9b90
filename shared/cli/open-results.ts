import type { ResultItem } from '#shared/contracts/result.ts';
import {
  createDocumentClient,
  createGetBatch,
  createQueryItems,
  createScanItems,
} from '#shared/results-table/dynamodb-results.ts';
import { type Place, readPlaces } from '#shared/results-table/places.ts';
import { createResultsReader } from '#shared/results-table/read-results.ts';
import { type Walk, walkPlaces } from '#shared/results-table/walk-places.ts';
import type { TargetClients } from './target.ts';

/** A results table as commands read it. */
export type OpenResults = ReturnType<typeof openResults>;

/** Opens the results table of a target. */
export function openResults({ endpoints, ...client }: TargetClients, table: string) {
  const endpoint = endpoints.AWS_ENDPOINT_URL_DYNAMODB;
  const documents = createDocumentClient({
    ...client,
    ...(endpoint !== undefined && { endpoint }),
    // Nobody else tries again.
    maxAttempts: 5,
  });
  const query = createQueryItems(documents, table);
  const scan = createScanItems(documents, table);
  const getBatch = createGetBatch(documents, table);
  const reader = createResultsReader({ query, getBatch });
  return {
    client: documents,
    /** Results of an id, oldest first. */
    byId: async (id: string, signal: AbortSignal): Promise<ResultItem[]> =>
      (await reader.byId(id, { signal })).reverse(),
    /** Where the results of a time stand. */
    walk: (walk: Walk) => walkPlaces(walk, { query, scan }),
    /** The results that stand there; what is gone or has expired is left out. */
    read: async (places: readonly Place[], signal: AbortSignal): Promise<ResultItem[]> =>
      (await readPlaces(places, { getBatch }, { signal })).results,
    close: () => documents.destroy(),
  };
}

/** Cuts a list into parts of some length; the last may be shorter. */
export async function* inParts<T>(items: AsyncIterable<T>, length: number) {
  let part: T[] = [];
  for await (const item of items) {
    if (part.push(item) < length) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
