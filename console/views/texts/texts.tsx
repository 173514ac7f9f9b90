import { useMemo, useState } from 'preact/hooks';
import { messageOf } from '../../api/client.ts';
import { useDeployment } from '../../api/deployment.ts';
import { useSources } from '../../api/sources.ts';
import { CopyCode } from '../../components/copy-code.tsx';
import { Notice } from '../../components/notice.tsx';
import { PolledPart } from '../../components/polled-part.tsx';
import { type Place, useFilters } from '../../location.ts';
import { FilterBar } from './filter-bar.tsx';
import { choicesOf, type Filters, noFilters, passes } from './filters.ts';
import { keyOf, type List } from './list.ts';
import { ResultCard } from './result-card.tsx';
import { useList } from './use-list.ts';

/** Results as they come, by source. */
export function TextsView({ place }: { readonly place: Place }) {
  const [filters, setFilters] = useFilters(place, noFilters);
  const sources = useSources();
  const source = filters.source || sources?.[0];
  if (source === undefined) {
    if (sources === undefined) return <Notice kind="loading" title="Asking for the sources …" />;
    return <NothingYet />;
  }
  return (
    <SourceList source={source} sources={sources ?? []} filters={filters} setFilters={setFilters} />
  );
}

function NothingYet() {
  const { commands } = useDeployment();
  return (
    <Notice kind="empty" title="No text came within the last day">
      <p>
        Put some on the stream. What was stored before is found by its source, or by its id under
        Record.
      </p>
      <CopyCode label="command" code={commands.produce} />
    </Notice>
  );
}

interface SourceListProps {
  readonly source: string;
  readonly sources: readonly string[];
  readonly filters: Filters;
  readonly setFilters: (changes: Partial<Record<keyof Filters, string>>) => void;
}

function SourceList({ source, sources, filters, setFilters }: SourceListProps) {
  const { pollSeconds } = useDeployment();
  const [isHeld, setHeld] = useState(false);
  const { polled, list, older } = useList(source, pollSeconds * 1_000, isHeld);
  const choices = useMemo(() => choicesOf(list?.results ?? []), [list]);
  return (
    <div class="texts">
      <FilterBar
        source={source}
        sources={sources}
        filters={filters}
        choices={choices}
        isHeld={isHeld}
        setHeld={setHeld}
        setFilters={setFilters}
      />
      <div class="stack">
        <PolledPart what="the results" polled={polled}>
          {() => list && <Results list={list} filters={filters} source={source} />}
        </PolledPart>
        {older.error !== undefined && (
          <Notice kind="error" title="No answer about older results">
            <p>{messageOf(older.error)}</p>
          </Notice>
        )}
        {list?.cursor !== undefined && (
          <button type="button" onClick={older.read} disabled={older.busy}>
            {older.busy ? 'Asking for older ones …' : 'Show older ones'}
          </button>
        )}
      </div>
    </div>
  );
}

interface ResultsProps {
  readonly list: List;
  readonly filters: Filters;
  readonly source: string;
}

function Results({ list, filters, source }: ResultsProps) {
  const { results, jumped, cursor } = list;
  const passing = results.filter((result) => passes(result, filters));
  if (results.length === 0) {
    return (
      <Notice kind="empty" title={`Nothing is stored of the source ${source}`}>
        <p>What is put on the stream with this source appears here as it is stored.</p>
      </Notice>
    );
  }
  const isFiltered = passing.length < results.length;
  return (
    <>
      <p class="small muted">
        {isFiltered
          ? `${passing.length} of ${results.length} pass the filters`
          : `${results.length} newest`}
        {cursor === undefined ? ', and there are no more' : '; older ones below'}
        {jumped && '. More came at once than a page holds, so the list begins anew'}
      </p>
      {passing.length === 0 && (
        <Notice kind="empty" title="None of those that are shown passes the filters">
          <p>Loosen a filter, or ask for older ones.</p>
        </Notice>
      )}
      <ol class="results">
        {passing.map((result) => (
          <li key={keyOf(result)}>
            <ResultCard result={result} />
          </li>
        ))}
      </ol>
    </>
  );
}
