import type { QuestionWindow } from './windows.ts';

/** A run of a window's context tokens with its probability. */
export interface TokenSpan {
  /** First token, counted in the context. */
  readonly first: number;
  readonly last: number;
  readonly score: number;
}

/** The best spans of one window, best first, and the probability that it holds no answer. */
export interface WindowSpans {
  readonly spans: readonly TokenSpan[];
  readonly nullScore: number;
}

/**
 * Finds the `count` most probable spans of at most `maximumTokens` tokens: the product of start and end probabilities, each a
 * softmax over the context's tokens and the classification token, whose own product is the null score (Hugging Face's
 * question answering pipeline). Looks at `tokens x maximumTokens` pairs at most, and skips a start that cannot win.
 */
export function bestSpans(
  window: QuestionWindow,
  startLogits: Float32Array,
  endLogits: Float32Array,
  options: { readonly count: number; readonly maximumTokens: number },
): WindowSpans {
  const starts = probabilities(window, startLogits);
  const ends = probabilities(window, endLogits);
  const tokens = window.to - window.from;
  const best = new BestList(options.count);
  let highestEnd = 0;
  for (let i = 1; i <= tokens; i++) highestEnd = Math.max(highestEnd, ends[i] ?? 0);
  for (let first = 0; first < tokens; first++) {
    const start = starts[first + 1] ?? 0;
    if (start * highestEnd <= best.threshold) continue;
    const stop = Math.min(tokens, first + options.maximumTokens);
    for (let last = first; last < stop; last++) {
      const score = start * (ends[last + 1] ?? 0);
      if (score > best.threshold) {
        best.add({ first: window.from + first, last: window.from + last, score });
      }
    }
  }
  return { spans: best.spans, nullScore: (starts[0] ?? 0) * (ends[0] ?? 0) };
}

/** Softmax over the classification token (first) and the context's tokens (the rest). */
function probabilities(window: QuestionWindow, logits: Float32Array): Float64Array {
  const tokens = window.to - window.from;
  const values = new Float64Array(tokens + 1);
  values[0] = logits[0] ?? 0;
  let highest = values[0];
  for (let i = 0; i < tokens; i++) {
    const value = logits[window.firstRow + i] ?? 0;
    values[i + 1] = value;
    if (value > highest) highest = value;
  }
  let sum = 0;
  for (let i = 0; i <= tokens; i++) {
    const value = Math.exp((values[i] ?? 0) - highest);
    values[i] = value;
    sum += value;
  }
  if (Number.isNaN(sum)) throw new RangeError('the model gave a score that is no number');
  for (let i = 0; i <= tokens; i++) values[i] = (values[i] ?? 0) / sum;
  return values;
}

/** The highest spans seen, in order; of equal ones the earlier stays ahead. */
class BestList {
  readonly spans: TokenSpan[] = [];
  private readonly count: number;
  /** A span must score more than this to get in; nothing of probability zero does. */
  threshold = 0;

  constructor(count: number) {
    this.count = count;
  }

  add(span: TokenSpan): void {
    let at = this.spans.length;
    while (at > 0 && (this.spans[at - 1]?.score ?? 0) < span.score) at--;
    this.spans.splice(at, 0, span);
    if (this.spans.length > this.count) this.spans.pop();
    if (this.spans.length === this.count) this.threshold = this.spans.at(-1)?.score ?? 0;
  }
}
