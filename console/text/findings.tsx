import { useMemo } from 'preact/hooks';
import type { Result } from '../api/contract.ts';
import { Score } from '../components/score.tsx';
import { formatScore } from '../format.ts';
import { MarkedText } from './marked-text.tsx';
import { labelName, languageOf, marksOf } from './marks.ts';
import { SpanTable } from './span-table.tsx';

interface FindingsProps {
  readonly result: Pick<Result, 'text' | 'language' | 'entities' | 'answers' | 'pii' | 'tags'>;
  /** Whether parts of speech are drawn too. */
  readonly withTags?: boolean;
}

/** What was found in a text: the text with its spans, the answers, and every span in a table. */
export function Findings({ result, withTags = false }: FindingsProps) {
  const { text, language, answers } = result;
  const marks = useMemo(() => marksOf(result, withTags), [result, withTags]);
  return (
    <>
      {text === undefined ? (
        <p class="muted">The text is not kept (results.storeText).</p>
      ) : (
        <MarkedText text={text} marks={marks} language={language} />
      )}
      {answers.length > 0 && <AnswerList answers={answers} />}
      <SpanTable marks={marks} text={text} />
    </>
  );
}

/** Questions with their answers, or that the text does not say. */
function AnswerList({ answers }: Pick<Result, 'answers'>) {
  return (
    <dl class="answers">
      {answers.map(({ question, text, score }, index) => (
        <div key={index}>
          <dt dir="auto">{question}</dt>
          <dd>
            {text === null ? (
              <span class="muted">the text does not say</span>
            ) : (
              <>
                <bdi class="span-answer">{text}</bdi> <Score value={score} />
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What is said of a text as a whole: its language and labels, what is hidden in it, and what no model was there for. */
export function ResultChips({ result }: { readonly result: Partial<Result> }) {
  const { labels = [], redacted, unserved = [] } = result;
  return (
    <>
      <span class="chip">language {languageOf(result)}</span>
      {labels.map((label) => (
        <span class="chip" key={labelName(label)}>
          {labelName(label)} {formatScore(label.score)}
        </span>
      ))}
      {redacted && <span class="chip">personal data hidden: {redacted}</span>}
      {unserved.length > 0 && <span class="chip">no model for: {unserved.join(', ')}</span>}
    </>
  );
}
