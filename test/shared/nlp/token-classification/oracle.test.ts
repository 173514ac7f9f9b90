import type { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Aggregation } from '#shared/nlp/token-classification/group-entities.ts';
import { createTokenizer } from '#shared/nlp/tokenizer/index.ts';
import { readOracle } from '../oracle-file.ts';
import { createTestHead } from '../test-head.ts';
import { openTinySession, readTinyJson, runWindow } from '../tiny-session.ts';

interface Span {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

const { texts, strategies } = readOracle<{
  texts: readonly string[];
  strategies: Readonly<Record<Aggregation, readonly (readonly Span[])[]>>;
}>('token-classification.json.gz');
const tokenizer = createTokenizer(readTinyJson('tiny-ner/tokenizer.json'));
const { id2label } = readTinyJson('tiny-ner/config.json') as { id2label: Record<string, string> };
const labels = Object.values(id2label);
let session: InferenceSession;

beforeAll(async () => {
  session = await openTinySession('tiny-ner');
});
afterAll(() => session.release());

test.each(Object.keys(strategies) as Aggregation[])(
  "entities are those of Hugging Face's pipeline: %s",
  async (aggregation) => {
    const different: unknown[] = [];
    const prepare = createTestHead('entities', tokenizer, { labels, settings: { aggregation } });
    for (const [index, text] of texts.entries()) {
      const job = prepare(text);
      const outputs = [];
      for (const window of job.windows) outputs.push(await runWindow(session, window));
      const given = job.decode(outputs);
      const expected = strategies[aggregation][index] ?? [];
      if (!sameSpans(given, expected)) different.push({ text, given, expected });
    }
    expect(different.slice(0, 3)).toEqual([]);
    expect(strategies[aggregation].flat().length).toBeGreaterThan(2_000);
  },
  60_000,
);

function sameSpans(given: readonly Span[], expected: readonly Span[]): boolean {
  return (
    given.length === expected.length &&
    expected.every(({ type, start, end, score }, index) => {
      const span = given[index];
      return (
        span?.type === type &&
        span.start === start &&
        span.end === end &&
        Math.abs(span.score - score) < 1e-4
      );
    })
  );
}
