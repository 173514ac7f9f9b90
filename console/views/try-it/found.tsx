import { useMemo } from 'preact/hooks';
import type { AnswerOf } from '../../api/contract.ts';
import { Link } from '../../components/link.tsx';
import { Score } from '../../components/score.tsx';
import { formatDuration, formatNumber } from '../../format.ts';
import { AnswerList } from '../../text/answer-list.tsx';
import { MarkedText } from '../../text/marked-text.tsx';
import { marksOf } from '../../text/marks.ts';
import { SpanTable } from '../../text/span-table.tsx';

interface FoundProps {
  readonly answer: AnswerOf<'analyzeText'>;
  /** Milliseconds. */
  readonly took: number;
}

/** What the models found in the text. */
export function Found({ answer, took }: FoundProps) {
  const marks = useMemo(() => marksOf(answer, true), [answer]);
  const { id, text, labels = [], unserved = [], language, tokens, windows, stored } = answer;
  return (
    <section class="panel stack" aria-labelledby="found">
      <div class="row spread">
        <h2 id="found">Found</h2>
        <p class="small muted">
          {formatDuration(took)}, {formatNumber(tokens)} tokens in {windows}{' '}
          {windows === 1 ? 'window' : 'windows'}, language {language}
        </p>
      </div>
      {unserved.length > 0 && (
        <p class="stale">No model serves this language for: {unserved.join(', ')}.</p>
      )}
      {text === undefined ? (
        <p class="muted">Texts are not given back here (results.storeText).</p>
      ) : (
        <MarkedText text={text} marks={marks} language={language} />
      )}
      <AnswerList answers={answer.answers} />
      {labels.length > 0 && (
        <dl class="facts">
          {labels.map(({ task, label, score }) => [
            <dt key={`${task} ${label}`}>{task}</dt>,
            <dd key={`${task} ${label} score`}>
              {label} <Score value={score} />
            </dd>,
          ])}
        </dl>
      )}
      <SpanTable marks={marks} text={text} />
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
