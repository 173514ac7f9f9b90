import { harmless, inColour, markedText } from '#shared/cli/marked-text.ts';
import type { RejectionItem } from '#shared/contracts/rejection.ts';
import type { ResultItem } from '#shared/contracts/result.ts';

/** Most letters of a text that are shown of it among others. */
const SHOWN = 1_000;

/** A result for people: where it comes from, its text with the entities marked, what was answered and said of it. */
export function resultLines(result: ResultItem, isAlone: boolean): string[] {
  const { source, id, arrivedAt, language = '', unserved, answers, labels = [] } = result;
  const about = [
    ...answers.map(({ question, text, score }) => {
      const answer = text === null ? '(the text does not say)' : `${text} (${score.toFixed(2)})`;
      return `${question}  ->  ${answer}`;
    }),
    ...labels.map(({ task, label, score }) => `${task}: ${label} (${score.toFixed(2)})`),
    ...(unserved ? [`no model serves ${unserved.join(', ')} in this language`] : []),
  ];
  return [
    heading(arrivedAt, `${source}/${id}`, language),
    `  ${shownText(result, isAlone)}`,
    ...about.map((line) => `  ${harmless(line)}`),
  ];
}

/** A rejection for people. */
export const rejectionLines = ({ arrivedAt, reason, message, failureKey }: RejectionItem) => [
  heading(arrivedAt, 'rejected', reason),
  `  ${inColour('red', harmless(message))}`,
  `  ${harmless(failureKey)}`,
];

const heading = (arrivedAt: string, ...words: string[]): string =>
  inColour('gray', harmless([arrivedAt, ...words].join('  ').trimEnd()));

function shownText({ text, entities, redacted }: ResultItem, isAlone: boolean): string {
  if (text === undefined) {
    const found = entities.map((entity) => {
      const span = { ...entity, start: 0, end: entity.text.length };
      return markedText(entity.text, [span]);
    });
    return `(the text is not stored) ${found.join(', ')}`;
  }
  const hidden = redacted === undefined ? '' : inColour('gray', ` (personal data: ${redacted})`);
  if (isAlone || text.length <= SHOWN) return markedText(text, entities) + hidden;
  // No entity is cut in two.
  const cut = entities.find(({ start, end }) => start < SHOWN && end > SHOWN)?.start ?? SHOWN;
  const shown = entities.filter(({ end }) => end <= cut);
  const more = inColour('gray', ` … (${text.length - cut} more)`);
  return markedText(text.slice(0, cut), shown) + more + hidden;
}
