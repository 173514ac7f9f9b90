import { useMemo } from 'preact/hooks';
import type { Result } from '../../api/contract.ts';
import { Link } from '../../components/link.tsx';
import { Time } from '../../components/time.tsx';
import { formatScore } from '../../format.ts';
import { AnswerList } from '../../text/answer-list.tsx';
import { MarkedText } from '../../text/marked-text.tsx';
import { marksOf } from '../../text/marks.ts';
import { SpanTable } from '../../text/span-table.tsx';
import { labelName, languageOf } from './filters.ts';

/** One result: its text with what was found in it. */
export function ResultCard({ result }: { readonly result: Result }) {
  const { id, text, labels = [], unserved = [], redacted, pipelineVersion, windows } = result;
  const marks = useMemo(() => marksOf(result), [result]);
  return (
    <article class="panel result">
      <header class="row small muted">
        <Link view="record" filters={{ id }}>
          <bdi>{id}</bdi>
        </Link>
        <Time value={result.arrivedAt} />
        <span class="chip">{languageOf(result)}</span>
        {labels.map((label) => (
          <span class="chip" key={labelName(label)}>
            {labelName(label)} {formatScore(label.score)}
          </span>
        ))}
        {redacted && <span class="chip">personal data hidden: {redacted}</span>}
        {unserved.length > 0 && <span class="chip">no model for: {unserved.join(', ')}</span>}
        {windows > 1 && <span class="chip">{windows} windows</span>}
        <span>
          pipeline <code>{pipelineVersion}</code>
        </span>
      </header>
      {text === undefined ? (
        <p class="muted">The text is not stored (results.storeText). Its spans are below.</p>
      ) : (
        <MarkedText text={text} marks={marks} language={result.language} />
      )}
      <AnswerList answers={result.answers} />
      <SpanTable marks={marks} text={text} />
    </article>
  );
}
