import type { Result } from '../../api/contract.ts';
import { layerNames, marksOf } from '../../text/marks.ts';

/** What one pipeline version says at one place; undefined where it says nothing. */
export interface Cell {
  readonly value: string;
  readonly score: number;
}

/** One place of a text, or question, or classification, with what each version says there. */
export interface Row {
  readonly what: string;
  /** The text of the span, the question, or the classification. */
  readonly where: string;
  /** Of a span, where it begins. */
  readonly start?: number;
  /** One for each result, in their order. */
  readonly cells: readonly (Cell | undefined)[];
  readonly change: 'same' | 'score' | 'value';
}

/** Scores of one model that differ by less are the same on two processors. */
const SAME_SCORE = 0.01;

/** Results of the same content, in the order in which they came: each is of another pipeline version. */
export function contentsOf(results: readonly Result[]): readonly (readonly Result[])[] {
  const contents = new Set(results.map(({ contentHash }) => contentHash));
  return [...contents].map((content) =>
    results.filter(({ contentHash }) => contentHash === content),
  );
}

/** What versions say, place by place: spans in the order of the text, then answers and labels. */
export function rowsOf(results: readonly Result[]): Row[] {
  const rows = new Map<string, Omit<Row, 'cells' | 'change'> & { cells: (Cell | undefined)[] }>();
  const put = (key: string, index: number, row: Omit<Row, 'cells' | 'change'>, cell: Cell) => {
    const known = rows.get(key) ?? { ...row, cells: results.map(() => undefined) };
    const before = known.cells[index];
    // Two types of one span, or two labels of one classification, stand in one cell.
    known.cells[index] = before ? { ...cell, value: `${before.value}, ${cell.value}` } : cell;
    rows.set(key, known);
  };
  for (const [index, { text = '', answers, labels = [], ...rest }] of results.entries()) {
    for (const { layer, name, start, end, score } of marksOf({ ...rest, answers: [] }, true)) {
      const what = layerNames[layer];
      const where = text.slice(start, end);
      put(`${layer} ${start} ${end}`, index, { what, where, start }, { value: name, score });
    }
    for (const { question, text: found, score, noAnswerScore } of answers) {
      const cell = found === null ? { value: '–', score: noAnswerScore } : { value: found, score };
      put(`answer ${question}`, index, { what: 'answer', where: question }, cell);
    }
    for (const { task, label, score } of labels) {
      put(`label ${task}`, index, { what: 'label', where: task }, { value: label, score });
    }
  }
  return [...rows.values()]
    .map((row) => ({ ...row, change: changeOf(row.cells) }))
    .sort((one, other) => (one.start ?? Infinity) - (other.start ?? Infinity) || 0);
}

function changeOf(cells: readonly (Cell | undefined)[]): Row['change'] {
  const [first] = cells;
  if (cells.some((cell) => cell?.value !== first?.value)) return 'value';
  const scores = cells.flatMap((cell) => cell?.score ?? []);
  return Math.max(...scores) - Math.min(...scores) >= SAME_SCORE ? 'score' : 'same';
}
