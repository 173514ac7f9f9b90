import { setImmediate as nextTurn } from 'node:timers/promises';
import { InferenceError, messageOf } from '../../errors.ts';
import type {
  Analysis,
  AnalysisOutcome,
  AnalysisRequest,
  AnalyzeOptions,
  Answer,
  Encoding,
  Entity,
  PreparedJob,
  Tokenizer,
} from '../types.ts';
import type { ModelInput, WindowResult } from './run-windows.ts';

/** A task, as far as the engine knows it: a model and how to prepare a text for it. */
export interface EntityTask {
  readonly model: number;
  readonly tokenizer: Tokenizer;
  prepare(text: string, encoding: Encoding): PreparedJob<Entity[]>;
}

/** See {@link EntityTask}. */
export interface AnswerTask {
  readonly model: number;
  readonly tokenizer: Tokenizer;
  prepare(text: string, question: string, topK: number, encoding: Encoding): PreparedJob<Answer[]>;
}

/** What an analysis is made with. */
export interface AnalysisDeps {
  readonly entityTask: EntityTask | undefined;
  readonly answerTask: AnswerTask | undefined;
  readonly runWindows: (
    inputs: readonly ModelInput[],
    signal: AbortSignal | undefined,
  ) => Promise<WindowResult[]>;
}

/** Characters that are tokenized, or tokens that are decoded, before the event loop gets a turn: some milliseconds. */
const WORK_A_TURN = 32 * 1024;
/** What the shortest text counts as. */
const LEAST_WORK = 64;
/** Answers that may be wanted of a question. */
const MOST_ANSWERS = 100;

/** A prepared job, where its windows lie among all windows, and what it came to. */
interface Placed<T> {
  readonly job: PreparedJob<T>;
  readonly first: number;
  readonly tokens: number;
  outcome?: T | InferenceError;
}

/** What is asked of one text. */
interface PreparedText {
  readonly entities: Placed<Entity[]> | undefined;
  readonly answers: readonly Placed<Answer[]>[];
  readonly tokens: number;
}

/** Analyzes texts as one job: identical ones once, each settled by itself; see `TextEngine.analyze`. */
export async function analyzeTexts(
  deps: AnalysisDeps,
  requests: readonly AnalysisRequest[],
  { signal }: AnalyzeOptions = {},
): Promise<AnalysisOutcome[]> {
  signal?.throwIfAborted();
  let worked = 0;
  const takeTurns = async (work: number): Promise<void> => {
    worked += LEAST_WORK + work;
    if (worked < WORK_A_TURN) return;
    worked = 0;
    await nextTurn();
    signal?.throwIfAborted();
  };
  const inputs: ModelInput[] = [];
  const known = new Map<string, KnownText>();
  const prepared: (PreparedText | InferenceError)[] = [];
  for (const request of requests) {
    prepared.push(await guarded(() => prepare(deps, request, { known, inputs, takeTurns })));
  }
  const results = inputs.length > 0 ? await deps.runWindows(inputs, signal) : [];
  const outcomes: AnalysisOutcome[] = [];
  for (const text of prepared) {
    const value =
      text instanceof InferenceError ? text : await guarded(() => decode(text, results, takeTurns));
    outcomes.push(
      value instanceof InferenceError ? { ok: false, error: value } : { ok: true, value },
    );
  }
  return outcomes;

  async function guarded<T>(work: () => Promise<T>): Promise<T | InferenceError> {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      return asInferenceError(error);
    }
  }
}

/** What was made of a text already, for requests that hold the same. */
interface KnownText {
  readonly encodings: Map<Tokenizer, Encoding>;
  /** By question and number of answers wanted. */
  readonly answers: Map<string, Placed<Answer[]>>;
  entities?: Placed<Entity[]>;
}

type TakeTurns = (work: number) => Promise<void>;

async function prepare(
  { entityTask, answerTask }: AnalysisDeps,
  request: AnalysisRequest,
  into: {
    readonly known: Map<string, KnownText>;
    readonly inputs: ModelInput[];
    readonly takeTurns: TakeTurns;
  },
): Promise<PreparedText> {
  const { text, questions = [], topK = 1 } = checkRequest(request);
  const known: KnownText = into.known.get(text) ?? { encodings: new Map(), answers: new Map() };
  into.known.set(text, known);
  if (questions.length > 0 && answerTask === undefined) {
    throw new InferenceError('there are questions, but no question-answering model is loaded');
  }
  const encode = async (tokenizer: Tokenizer): Promise<Encoding> => {
    const before = known.encodings.get(tokenizer);
    if (before !== undefined) return before;
    const encoding = tokenizer.encode(text);
    known.encodings.set(tokenizer, encoding);
    await into.takeTurns(text.length);
    return encoding;
  };
  const place = <T>(model: number, job: PreparedJob<T>, tokens: number): Placed<T> => {
    const placed = { job, first: into.inputs.length, tokens };
    for (const window of job.windows) into.inputs.push({ model, window, part: placed });
    return placed;
  };
  if (request.entities !== false && entityTask !== undefined && !known.entities) {
    const encoding = await encode(entityTask.tokenizer);
    const job = entityTask.prepare(text, encoding);
    known.entities = place(entityTask.model, job, encoding.ids.length);
  }
  const answers: Placed<Answer[]>[] = [];
  for (const question of answerTask ? questions : []) {
    if (answerTask === undefined) break;
    const key = `${topK} ${question}`;
    let placed = known.answers.get(key);
    if (placed === undefined) {
      const encoding = await encode(answerTask.tokenizer);
      const job = answerTask.prepare(text, question, topK, encoding);
      placed = place(answerTask.model, job, encoding.ids.length);
      known.answers.set(key, placed);
      await into.takeTurns(encoding.ids.length);
    }
    answers.push(placed);
  }
  const tokenizer = (entityTask ?? answerTask)?.tokenizer;
  return {
    entities: request.entities === false ? undefined : known.entities,
    answers,
    tokens: tokenizer ? (await encode(tokenizer)).ids.length : 0,
  };
}

/** Checks what a caller without types may get wrong: as a text's own fault. */
function checkRequest(request: AnalysisRequest): AnalysisRequest {
  const { text, questions = [], topK = 1 } = request ?? {};
  if (typeof text !== 'string') throw new InferenceError('text: must be a string');
  if (!(Array.isArray(questions) && questions.every((question) => typeof question === 'string'))) {
    throw new InferenceError('questions: must be strings');
  }
  if (!(Number.isInteger(topK) && topK >= 1 && topK <= MOST_ANSWERS)) {
    throw new InferenceError(`topK: must be an integer from 1 to ${MOST_ANSWERS}`);
  }
  return request;
}

async function decode(
  text: PreparedText,
  results: readonly WindowResult[],
  takeTurns: TakeTurns,
): Promise<Analysis> {
  const settle = async <T>(placed: Placed<T>): Promise<T> => {
    if (placed.outcome === undefined) {
      try {
        placed.outcome = decodeJob(placed, results);
      } catch (error) {
        placed.outcome = asInferenceError(error);
      }
      await takeTurns(placed.tokens);
    }
    if (placed.outcome instanceof InferenceError) throw placed.outcome;
    return placed.outcome;
  };
  const entities = text.entities ? await settle(text.entities) : [];
  let windows = text.entities?.job.windows.length ?? 0;
  const answers: Answer[] = [];
  for (const placed of text.answers) {
    for (const answer of await settle(placed)) answers.push(answer);
    windows = Math.max(windows, placed.job.windows.length);
  }
  return { entities, answers, tokens: text.tokens, windows };
}

function decodeJob<T>({ job, first }: Placed<T>, results: readonly WindowResult[]): T {
  const outputs = job.windows.map((_, index) => {
    const result = results[first + index];
    if (result?.ok) return result.output;
    throw new InferenceError(
      `the model could not run on the text: ${messageOf(result?.error ?? 'no result')}`,
      { cause: result?.error },
    );
  });
  return job.decode(outputs);
}

function asInferenceError(error: unknown): InferenceError {
  if (error instanceof InferenceError) return error;
  return new InferenceError(`the text could not be analyzed: ${messageOf(error)}`, {
    cause: error,
  });
}
