import { type MarkedSpan, markedText } from '#shared/cli/marked-text.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import type { DemoInput, DemoReport } from './run-demo.ts';

const write = (line: string) => process.stdout.write(`${line}\n`);

function showText(text: string, entities: readonly MarkedSpan[]): void {
  write(`  ${markedText(text, entities)}`);
}

function showAnswer(question: string, answer: string | null): void {
  write(`  ${question}  ->  ${answer ?? '(the text does not say)'}`);
}

/** Results that show something: short texts with several kinds of entities, spread over the sources. */
function pickTexts(results: readonly ResultItem[], count: number): ResultItem[] {
  const kinds = ({ entities }: ResultItem) => new Set(entities.map(({ type }) => type)).size;
  const bySource = new Map<string, number>();
  return results
    .filter(
      ({ text = '', entities }) => text.length > 40 && text.length < 140 && entities.length > 1,
    )
    .sort((a, b) => kinds(b) - kinds(a) || (a.id < b.id ? -1 : 1))
    .filter(({ source }) => {
      const taken = bySource.get(source) ?? 0;
      bySource.set(source, taken + 1);
      return taken < Math.ceil(count / 2);
    })
    .slice(0, count);
}

/** Shows some of what was found: entities, the surest answers of as many texts, and a question that a text does not answer. */
export function showResults(results: readonly ResultItem[]): void {
  write('\nFound in the texts:');
  for (const { text = '', entities } of pickTexts(results, 6)) showText(text, entities);
  write('\nAnswered from the texts:');
  const answered = results
    .flatMap(({ answers }) => answers.filter(({ text }) => text !== null).slice(0, 1))
    .sort((a, b) => b.score - a.score);
  for (const { question, text, score } of answered.slice(0, 4)) {
    showAnswer(question, `${text} (${score.toFixed(2)})`);
  }
  const declined = results.flatMap(({ answers }) => answers).find(({ text }) => text === null);
  if (declined) showAnswer(declined.question, null);
}

/** Asks the HTTP API about a text, and shows what it says. */
export async function showAnalysis(endpoint: string): Promise<void> {
  const question = 'Where was Marie Curie born?';
  const text = 'Marie Curie was born in Warsaw and won the Nobel Prize in Physics in 1903.';
  const answer = await fetch(`${endpoint}/v1/analyze`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text, questions: [question], store: false }),
  });
  const said = (await answer.json()) as Pick<ResultItem, 'entities' | 'answers'>;
  write('\nAsked over HTTP (POST /v1/analyze):');
  showText(text, said.entities);
  showAnswer(question, said.answers[0]?.text ?? null);
}

/** Shows what was counted, here and there, and whether anything is lost or twice. */
export function showBooks({ good, poison }: DemoInput, report: DemoReport): void {
  write('\nMetrics                   CloudWatch        table');
  for (const [name, { published, table }] of Object.entries(report.metrics)) {
    write(`  ${name.padEnd(22)}${String(published).padStart(12)} ${String(table).padStart(12)}`);
  }
  const { results, failureObjects, rejections } = report;
  write('\nBooks');
  write(`  good records ${good}, results ${results.length}`);
  write(`  poison records ${poison}, failure objects ${failureObjects}, rejections ${rejections}`);
  write(`  lost ${report.lost}, duplicated ${report.duplicated}`);
  write(`  ${report.recordsPerSecond} records/s from the first put to the last result`);
}
