import { styleText } from 'node:util';
import type { BookedResult } from './books.ts';

const colours = { PER: 'cyan', ORG: 'yellow', LOC: 'green', MISC: 'magenta' } as const;

type Colour = (typeof colours)[keyof typeof colours];

/** A text with its entities marked, such as `Ada Lovelace [PER] lived in London [LOC].`; coloured on a terminal. */
export function markEntities(
  text: string,
  entities: BookedResult['entities'],
  colour: boolean,
): string {
  let marked = '';
  let from = 0;
  for (const { type, start, end } of entities) {
    const label = `${text.slice(start, end)} [${type}]`;
    const style: Colour = colours[type as keyof typeof colours] ?? 'magenta';
    marked += text.slice(from, start) + (colour ? styleText(style, label) : label);
    from = end;
  }
  return marked + text.slice(from);
}

/** Results that show something: short texts with several kinds of entities, spread over the sources. */
export function pickTexts(results: readonly BookedResult[], count: number): BookedResult[] {
  const telling = results
    .filter(
      ({ text = '', entities }) => text.length > 40 && text.length < 140 && entities.length > 1,
    )
    .map((result) => ({ result, kinds: new Set(result.entities.map(({ type }) => type)).size }))
    .sort((a, b) => b.kinds - a.kinds || (a.result.id < b.result.id ? -1 : 1));
  const picked: BookedResult[] = [];
  const perSource = new Map<string, number>();
  for (const { result } of telling) {
    const taken = perSource.get(result.source) ?? 0;
    if (taken >= Math.ceil(count / 2)) continue;
    perSource.set(result.source, taken + 1);
    picked.push(result);
    if (picked.length === count) break;
  }
  return picked;
}

/** Answered questions, surest first, each of another text; then one that the text does not answer, where there is one. */
export function pickAnswers(results: readonly BookedResult[], count: number) {
  const answered = results
    .flatMap(({ answers }) => answers.filter(({ text }) => text !== null).slice(0, 1))
    .sort((a, b) => b.score - a.score)
    .slice(0, count);
  const silent = results
    .flatMap(({ answers }) => answers.filter(({ text }) => text === null))
    .slice(0, 1);
  return [...answered, ...silent];
}
