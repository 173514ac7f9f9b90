import type { Result } from '../../api/contract.ts';
import { Link } from '../../components/link.tsx';
import { Time } from '../../components/time.tsx';
import { Findings, ResultChips } from '../../text/findings.tsx';

/** One result: its text with what was found in it. */
export function ResultCard({ result }: { readonly result: Result }) {
  const { id, arrivedAt, pipelineVersion, windows } = result;
  return (
    <article class="panel result">
      <header class="row small muted">
        <Link view="record" filters={{ id }}>
          <bdi>{id}</bdi>
        </Link>
        <Time value={arrivedAt} />
        <ResultChips result={result} />
        {windows > 1 && <span class="chip">{windows} windows</span>}
        <span>
          pipeline <code>{pipelineVersion}</code>
        </span>
      </header>
      <Findings result={result} />
    </article>
  );
}
