import {
  defaultQuestionAnsweringSettings,
  type QuestionAnsweringSettings,
} from '../task-settings.ts';
import type { Answer, Encoding, PreparedJob, Tokenizer, WindowOutput } from '../types.ts';
import { bestSpans } from './best-spans.ts';
import { type QuestionWindow, questionWindows } from './windows.ts';

/** What may be said with a question. */
export interface QuestionOptions {
  /** Answers wanted at most, best first; default 1. */
  readonly topK?: number;
  readonly settings?: Partial<QuestionAnsweringSettings>;
  /** The context's encoding, where it has been made already (for an earlier question, say). */
  readonly encoding?: Encoding;
}

/**
 * Prepares a question about a text. Decoding gives at least one and at most `topK` answers, best first, each an exact slice of
 * the text; or a single answer without text where `noAnswerScore` exceeds the best score by more than
 * `settings.nullThreshold`, or where the text has no token.
 *
 * The rules are those of Hugging Face's question answering pipeline (4.x): an answer that several windows give, or that
 * stands in several places, counts once, its scores added up (to 1 at most); the no-answer score is the lowest of all windows.
 */
export function prepareQuestion(
  tokenizer: Tokenizer,
  text: string,
  question: string,
  options: QuestionOptions = {},
): PreparedJob<Answer[]> {
  const settings = { ...defaultQuestionAnsweringSettings, ...options.settings };
  const encoding = options.encoding ?? tokenizer.encode(text);
  const asked = tokenizer.encode(question).ids;
  const windows = questionWindows(asked, encoding.ids, tokenizer.special, settings);
  const topK = options.topK ?? 1;
  return {
    windows,
    decode: (outputs) => {
      const found = collect({ text, encoding, windows, settings, topK }, outputs);
      return choose(found, question, topK, settings.nullThreshold);
    },
  };
}

interface Candidate {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  score: number;
}

interface Found {
  readonly candidates: readonly Candidate[];
  readonly noAnswerScore: number;
}

interface Search {
  readonly text: string;
  readonly encoding: Encoding;
  readonly windows: readonly QuestionWindow[];
  readonly settings: QuestionAnsweringSettings;
  readonly topK: number;
}

function collect(search: Search, outputs: readonly WindowOutput[]): Found {
  const { text, encoding, windows, settings, topK } = search;
  // Widened to words, some spans turn out to be one.
  const count = settings.alignToWords ? topK * 2 + 10 : topK;
  const candidates = new Map<string, Candidate>();
  let noAnswerScore = 1;
  windows.forEach((window, index) => {
    const start = logitsOf(outputs[index], 'start_logits', window);
    const end = logitsOf(outputs[index], 'end_logits', window);
    const maximumTokens = settings.maximumAnswerTokens;
    const { spans, nullScore } = bestSpans(window, start, end, { count, maximumTokens });
    noAnswerScore = Math.min(noAnswerScore, nullScore);
    for (const { first, last, score } of spans) {
      const extent = settings.alignToWords
        ? wordExtent(encoding, window, first, last)
        : { start: encoding.starts[first] ?? 0, end: encoding.ends[last] ?? 0 };
      const answer = text.slice(extent.start, extent.end);
      const same = candidates.get(answer.toLowerCase());
      if (same) same.score += score;
      else candidates.set(answer.toLowerCase(), { text: answer, ...extent, score });
    }
  });
  return { candidates: [...candidates.values()], noAnswerScore };
}

function choose(
  { candidates, noAnswerScore }: Found,
  question: string,
  topK: number,
  nullThreshold: number,
): Answer[] {
  const ranked = candidates.toSorted((a, b) => b.score - a.score).slice(0, topK);
  const best = ranked[0];
  if (best === undefined || noAnswerScore - Math.min(1, best.score) > nullThreshold) {
    const nowhere = { text: null, start: null, end: null };
    return [{ question, ...nowhere, score: noAnswerScore, noAnswerScore }];
  }
  return ranked.map(({ text, start, end, score }) => ({
    question,
    text,
    start,
    end,
    score: Math.min(1, score),
    noAnswerScore,
  }));
}

function logitsOf(
  output: WindowOutput | undefined,
  name: 'start_logits' | 'end_logits',
  window: QuestionWindow,
): Float32Array {
  const logits = output?.[name];
  if (logits?.length === window.ids.length) return logits;
  throw new RangeError(
    `the model's ${name} must hold ${window.ids.length} values; it holds ${logits?.length ?? 'none'}`,
  );
}

/** Widens a span of tokens to whole words, as far as the window holds them; gives offsets in the text. */
function wordExtent(
  { wordIds, starts, ends }: Encoding,
  window: QuestionWindow,
  first: number,
  last: number,
): { start: number; end: number } {
  let left = first;
  while (left > window.from && wordIds[left - 1] === wordIds[first]) left--;
  let right = last;
  while (right + 1 < window.to && wordIds[right + 1] === wordIds[last]) right++;
  return { start: starts[left] ?? 0, end: ends[right] ?? 0 };
}
