import { useMemo, useState } from 'preact/hooks';
import type { Result } from '../../api/contract.ts';
import { Scroller } from '../../components/scroller.tsx';
import { formatNumber, formatScore } from '../../format.ts';
import { Findings, ResultChips } from '../../text/findings.tsx';
import { type Row, rowsOf } from './compare.ts';

interface ContentProps {
  /** Results of one and the same content, newest first. */
  readonly versions: readonly Result[];
  /** From 1. */
  readonly number: number;
}

/** What every pipeline version made of one content, side by side, and where they differ. */
export function Content({ versions, number }: ContentProps) {
  const [first] = versions;
  if (!first) return null;
  return (
    <section class="panel stack" aria-labelledby={`content-${number}`}>
      <div class="row spread">
        <h2 id={`content-${number}`}>
          {versions.length === 1 ? 'One pipeline version' : `${versions.length} pipeline versions`}
        </h2>
        <p class="small muted">
          content <code>{first.contentHash}</code>
        </p>
      </div>
      <div class="versions">
        {versions.map((result) => (
          <Version key={result.pipelineVersion} result={result} />
        ))}
      </div>
      {versions.length > 1 && <Comparison versions={versions} />}
    </section>
  );
}

function Version({ result }: { readonly result: Result }) {
  const { source, attributes = {}, tokens, windows, tasks } = result;
  return (
    <article class="version">
      <h3>
        pipeline <code>{result.pipelineVersion}</code>
      </h3>
      <p class="row small muted">
        <ResultChips result={result} />
      </p>
      <Findings result={result} />
      <dl class="facts small">
        <dt>Source</dt>
        <dd>{source}</dd>
        <dt>Tasks</dt>
        <dd>{tasks?.join(', ') ?? 'those of its source'}</dd>
        <dt>Read as</dt>
        <dd>
          {formatNumber(tokens)} tokens in {windows} {windows === 1 ? 'window' : 'windows'}
        </dd>
        {Object.entries(attributes).map(([name, value]) => [
          <dt key={`${name} name`}>
            <bdi>{name}</bdi>
          </dt>,
          <dd key={name}>
            <bdi>{value}</bdi>
          </dd>,
        ])}
      </dl>
    </article>
  );
}

const changes: Readonly<Record<Row['change'], string>> = {
  same: '',
  score: '≈ score',
  value: '≠ differs',
};

function Comparison({ versions }: { readonly versions: readonly Result[] }) {
  const [all, setAll] = useState(false);
  const rows = useMemo(() => rowsOf(versions), [versions]);
  const changed = rows.filter(({ change }) => change !== 'same');
  const shown = all ? rows : changed;
  return (
    <>
      <div class="row spread">
        <h3>
          {changed.length === 0
            ? 'They say the same'
            : `They differ at ${changed.length} of ${rows.length} places`}
        </h3>
        <label class="check small">
          <input
            type="checkbox"
            checked={all}
            onChange={({ currentTarget }) => setAll(currentTarget.checked)}
          />
          Also what is the same
        </label>
      </div>
      {shown.length > 0 && (
        <Scroller class="table-scroll" label="Differences">
          <table>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Where</th>
                {versions.map(({ pipelineVersion }) => (
                  <th key={pipelineVersion} scope="col">
                    <code>{pipelineVersion}</code>
                  </th>
                ))}
                <th scope="col">Difference</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ what, where, start, cells, change }) => (
                <tr key={`${what} ${start} ${where}`} class={`change-${change}`}>
                  <td>{what}</td>
                  <th scope="row">
                    <bdi>{where}</bdi>
                  </th>
                  {cells.map((cell, index) => (
                    <td key={versions[index]?.pipelineVersion}>
                      {cell ? (
                        <>
                          <bdi>{cell.value}</bdi> {formatScore(cell.score)}
                        </>
                      ) : (
                        <span class="muted">nothing</span>
                      )}
                    </td>
                  ))}
                  <td class="nowrap">{changes[change]}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      )}
    </>
  );
}
