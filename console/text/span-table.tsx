import { useState } from 'preact/hooks';
import { Score } from '../components/score.tsx';
import { Scroller } from '../components/scroller.tsx';
import { formatNumber } from '../format.ts';
import { layerNames } from './marks.ts';
import type { Mark } from './segments.ts';
import { hueOf, lettersOf } from './span-types.ts';

interface SpanTableProps {
  readonly marks: readonly Mark[];
  /** Undefined where texts are not stored. */
  readonly text: string | undefined;
}

/** Rows that are drawn before the reader asks for more. */
const MOST_ROWS = 200;

/** Every span with its offsets and score; drawn when it is opened. */
export function SpanTable({ marks, text }: SpanTableProps) {
  const [open, setOpen] = useState(false);
  const [most, setMost] = useState(MOST_ROWS);
  if (marks.length === 0) return <p class="small muted">No span was found.</p>;
  const sorted = open ? [...marks].sort((one, other) => one.start - other.start) : [];
  return (
    <details class="small" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        {marks.length === 1 ? 'One span' : `${formatNumber(marks.length)} spans`}
        <TypeCounts marks={marks} />
      </summary>
      {open && (
        <Scroller class="table-scroll" label="Spans">
          <table>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Type</th>
                {text !== undefined && <th scope="col">Text</th>}
                <th scope="col" class="number">
                  Start
                </th>
                <th scope="col" class="number">
                  End
                </th>
                <th scope="col">Score</th>
              </tr>
            </thead>
            <tbody>
              {sorted.slice(0, most).map(({ layer, name, start, end, score }) => (
                <tr key={`${layer} ${name} ${start} ${end}`}>
                  <td>{layerNames[layer]}</td>
                  <td>{layer === 'answer' ? <bdi>{name}</bdi> : <TypeName type={name} />}</td>
                  {text !== undefined && (
                    <td>
                      <bdi>{text.slice(start, end)}</bdi>
                    </td>
                  )}
                  <td class="number">{start}</td>
                  <td class="number">{end}</td>
                  <td>
                    <Score value={score} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {sorted.length > most && (
            <button type="button" onClick={() => setMost(Number.POSITIVE_INFINITY)}>
              Show the other {sorted.length - most}
            </button>
          )}
        </Scroller>
      )}
    </details>
  );
}

/** How many there are of each type. */
function TypeCounts({ marks }: { readonly marks: readonly Mark[] }) {
  const counts = new Map<string, number>();
  for (const { layer, name } of marks) {
    if (layer !== 'answer') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return (
    <span class="type-counts">
      {[...counts].map(([type, count]) => (
        <span key={type}>
          <TypeName type={type} /> {formatNumber(count)}
        </span>
      ))}
    </span>
  );
}

/** A type in its colour, with the letters by which its spans are marked. */
function TypeName({ type }: { readonly type: string }) {
  const letters = lettersOf(type);
  return (
    <span class={`type hue-${hueOf(type)}`}>
      <b>{letters}</b>
      {letters !== type && <bdi>{type}</bdi>}
    </span>
  );
}
