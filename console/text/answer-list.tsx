import type { Result } from '../api/contract.ts';
import { Score } from '../components/score.tsx';

/** Questions with their answers, or that the text does not say. */
export function AnswerList({ answers }: Pick<Result, 'answers'>) {
  if (answers.length === 0) return null;
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
