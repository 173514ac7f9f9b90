import type { QuestionExample } from './squad-file.ts';

/**
 * Pairs each question with another paragraph of its article, one that holds none of its answers; a question for which there
 * is no such paragraph is left out. Equal seeds give equal pairs.
 */
export function makeUnanswerable(
  examples: readonly QuestionExample[],
  seed: number,
): QuestionExample[] {
  const random = seededRandom(seed);
  const contexts = new Map<number, string[]>();
  for (const { article, context } of examples) {
    const known = contexts.get(article) ?? [];
    if (known.at(-1) !== context) known.push(context);
    contexts.set(article, known);
  }
  return examples.flatMap((example) => {
    const answers = example.answers.map((answer) => answer.toLowerCase());
    const others = (contexts.get(example.article) ?? []).filter((context) => {
      const lower = context.toLowerCase();
      return context !== example.context && !answers.some((answer) => lower.includes(answer));
    });
    const context = others[Math.floor(random() * others.length)];
    return context === undefined ? [] : [{ ...example, context, answers: [] }];
  });
}

/** Mulberry32 (Tommy Ettinger): numbers from 0 to 1, the same for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
