import { ModelError } from '../../errors.ts';
import { parseHeadSettings } from '../settings.ts';
import type { HeadRequest, Task } from '../task.ts';
import type { Answer, Encoding, PreparedJob, Tokenizer, WindowOutput } from '../types.ts';
import { frameLength } from '../windows/frame-window.ts';
import { outputOf, type Reading } from '../windows/reading.ts';
import { trimSpan } from '../windows/trim-span.ts';
import { bestSpans } from './best-spans.ts';
import { type QuestionAnsweringSettings, questionAnsweringSettings } from './settings.ts';
import { type QuestionWindow, questionWindows } from './windows.ts';

/** Answers to questions: the Hub's extractive question answering. */
export const answersTask: Task<'answers'> = {
  architecture: 'ForQuestionAnswering',
  outputs: ['start_logits', 'end_logits'],
  isLabelled: false,
  isPerToken: true,
  asksQuestions: true,
  createHead({ tokenizer, maximumLength }, { outputs, settings: given }) {
    const own = parseHeadSettings(questionAnsweringSettings, given);
    const settings = { ...own, maximumLength: Math.min(own.maximumLength, maximumLength) };
    const capacity = settings.maximumLength - frameLength(tokenizer.pair);
    if ('stride' in given && own.stride >= capacity) {
      throw new ModelError(
        `stride is ${own.stride}, but a window holds ${capacity} tokens of a text`,
      );
    }
    const [start = '', end = ''] = outputs;
    return (reading, asked) =>
      prepareQuestion({ tokenizer, settings, outputs: [start, end] }, reading, asked);
  },
};

/** What question answering needs to know of its model. */
export interface QuestionAnswerer {
  readonly tokenizer: Tokenizer;
  readonly settings: QuestionAnsweringSettings;
  /** Names of the outputs with the logits of an answer's first and last token. */
  readonly outputs: readonly [start: string, end: string];
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
  answerer: QuestionAnswerer,
  { text, encoding }: Pick<Reading, 'text' | 'encoding'>,
  { question, topK = 1 }: HeadRequest,
): PreparedJob<Answer[]> {
  const { tokenizer, settings } = answerer;
  const windows = questionWindows(
    tokenizer.encode(question).ids,
    encoding.ids,
    tokenizer.pair,
    settings,
  );
  return {
    windows,
    decode: (outputs) => {
      const found = collect({ ...answerer, text, encoding, windows, topK }, outputs);
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

interface Search extends QuestionAnswerer {
  readonly text: string;
  readonly encoding: Encoding;
  readonly windows: readonly QuestionWindow[];
  readonly topK: number;
}

function collect(search: Search, outputs: readonly WindowOutput[]): Found {
  const { text, encoding, windows, settings, topK } = search;
  // Widened to words, some spans turn out to be one.
  const count = settings.alignToWords ? topK * 2 + 10 : topK;
  const candidates = new Map<string, Candidate>();
  let noAnswerScore = 1;
  windows.forEach((window, index) => {
    const start = logitsOf(outputs[index], search.outputs[0], window);
    const end = logitsOf(outputs[index], search.outputs[1], window);
    const maximumTokens = settings.maximumAnswerTokens;
    const { spans, nullScore } = bestSpans(window, start, end, { count, maximumTokens });
    noAnswerScore = Math.min(noAnswerScore, nullScore);
    for (const { first, last, score } of spans) {
      const [left, right] = settings.alignToWords
        ? wholeWords(encoding, window, first, last)
        : [first, last];
      const extent = { start: encoding.starts[left] ?? 0, end: encoding.ends[right] ?? 0 };
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
  const ranked = trimmed(candidates.toSorted((a, b) => b.score - a.score)).slice(0, topK);
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

/** Answers without the white space at their ends; of those that are then the same, the better one. */
function trimmed(candidates: readonly Candidate[]): Candidate[] {
  const kept = new Map<string, Candidate>();
  for (const { text, start, score } of candidates) {
    const inner = trimSpan(text, 0, text.length);
    const answer = text.slice(inner.start, inner.end);
    const key = answer.toLowerCase();
    if (answer === '' || kept.has(key)) continue;
    kept.set(key, { text: answer, start: start + inner.start, end: start + inner.end, score });
  }
  return [...kept.values()];
}

function logitsOf(
  output: WindowOutput | undefined,
  name: string,
  { ids }: QuestionWindow,
): Float32Array {
  // Its last dimension is the padded tokens.
  const width = output?.[name]?.width ?? 0;
  return outputOf(output, name, Math.max(width, ids.length));
}

/** Widens a span of tokens to whole words, as far as the window holds them. */
function wholeWords(
  { wordIds }: Encoding,
  window: QuestionWindow,
  first: number,
  last: number,
): [first: number, last: number] {
  let left = first;
  while (left > window.from && wordIds[left - 1] === wordIds[first]) left--;
  let right = last;
  while (right + 1 < window.to && wordIds[right + 1] === wordIds[last]) right++;
  return [left, right];
}
