import type { AnswerOf } from '../../api/contract.ts';
import { Link } from '../../components/link.tsx';
import { formatDuration, formatNumber } from '../../format.ts';
import { Findings, ResultChips } from '../../text/findings.tsx';

interface FoundProps {
  readonly answer: AnswerOf<'analyzeText'>;
  /** Milliseconds. */
  readonly took: number;
}

/** What the models found in the text. */
export function Found({ answer, took }: FoundProps) {
  const { id, tokens, windows, stored } = answer;
  return (
    <section class="panel stack" aria-labelledby="found">
      <div class="row spread">
        <h2 id="found">Found</h2>
        <p class="small muted">
          {formatDuration(took)}, {formatNumber(tokens)} tokens in {windows}{' '}
          {windows === 1 ? 'window' : 'windows'}
        </p>
      </div>
      <p class="row small muted">
        <ResultChips result={answer} />
      </p>
      <Findings result={answer} withTags />
      {stored && (
        <p class="small">
          Stored as{' '}
          <Link view="record" filters={{ id }}>
            <bdi>{id}</bdi>
          </Link>
        </p>
      )}
      {answer.notStoredBecause && <p class="small">Not stored: {answer.notStoredBecause}</p>}
    </section>
  );
}
