import { setImmediate as nextTurn } from 'node:timers/promises';
import { InferenceError, messageOf } from '../../errors.ts';
import type {
  Analysis,
  AnalysisOutcome,
  AnalysisRequest,
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
  readonly runWindows: (inputs: readonly ModelInput[]) => Promise<WindowResult[]>;
}

/** Characters that are tokenized before the event loop gets a turn. */
const CHARACTERS_A_TURN = 64 * 1024;

/** A prepared job, and where its windows lie among all windows. */
interface Placed<T> {
  readonly job: PreparedJob<T>;
  readonly first: number;
}

interface PreparedText {
  readonly entities: Placed<Entity[]> | undefined;
  readonly answers: readonly Placed<Answer[]>[];
  readonly tokens: number;
}

/** Analyzes texts as one job: identical ones once, each settled by itself. */
export async function analyzeTexts(
  deps: AnalysisDeps,
  requests: readonly AnalysisRequest[],
): Promise<AnalysisOutcome[]> {
  const inputs: ModelInput[] = [];
  const prepare = preparation(deps, inputs);
  const prepared: (PreparedText | InferenceError)[] = [];
  let characters = 0;
  for (const request of requests) {
    prepared.push(guarded(() => prepare(request)));
    characters += request.text.length;
    if (characters > CHARACTERS_A_TURN) {
      characters = 0;
      await nextTurn();
    }
  }
  const results = inputs.length > 0 ? await deps.runWindows(inputs) : [];
  const outcomes: AnalysisOutcome[] = [];
  const decoded = new Map<object, unknown>();
  for (const text of prepared) {
    const value =
      text instanceof InferenceError ? text : guarded(() => decode(text, results, decoded));
    outcomes.push(
      value instanceof InferenceError ? { ok: false, error: value } : { ok: true, value },
    );
  }
  return outcomes;
}

function guarded<T>(work: () => T): T | InferenceError {
  try {
    return work();
  } catch (error) {
    if (error instanceof InferenceError) return error;
    return new InferenceError(`the text could not be analyzed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function preparation(deps: AnalysisDeps, inputs: ModelInput[]) {
  const entityJobs = new Map<string, Placed<Entity[]>>();
  const answerJobs = new Map<string, Placed<Answer[]>>();
  const encodings = new Map<Tokenizer, Map<string, Encoding>>();

  const encode = (tokenizer: Tokenizer, text: string): Encoding => {
    const known = encodings.get(tokenizer) ?? new Map<string, Encoding>();
    encodings.set(tokenizer, known);
    return remember(known, text, () => tokenizer.encode(text));
  };
  const place = <T>(model: number, job: PreparedJob<T>): Placed<T> => {
    const first = inputs.length;
    for (const window of job.windows) inputs.push({ model, window });
    return { job, first };
  };
  return (request: AnalysisRequest): PreparedText => {
    const { text, questions = [], topK = 1 } = request;
    const { entityTask, answerTask } = deps;
    const wantsEntities = request.entities !== false && entityTask !== undefined;
    if (questions.length > 0 && answerTask === undefined) {
      throw new InferenceError('there are questions, but no question-answering model is loaded');
    }
    const entities = wantsEntities
      ? remember(entityJobs, text, () =>
          place(entityTask.model, entityTask.prepare(text, encode(entityTask.tokenizer, text))),
        )
      : undefined;
    const answers = questions.flatMap((question) =>
      answerTask
        ? remember(answerJobs, JSON.stringify([text, question, topK]), () => {
            const encoding = encode(answerTask.tokenizer, text);
            return place(answerTask.model, answerTask.prepare(text, question, topK, encoding));
          })
        : [],
    );
    const tokenizer = (entityTask ?? answerTask)?.tokenizer;
    return { entities, answers, tokens: tokenizer ? encode(tokenizer, text).ids.length : 0 };
  };
}

function remember<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function decode(
  text: PreparedText,
  results: readonly WindowResult[],
  decoded: Map<object, unknown>,
): Analysis {
  const settle = <T>(placed: Placed<T>): T => {
    if (!decoded.has(placed)) decoded.set(placed, decodeJob(placed, results));
    // Only ever set to what this very job decodes to.
    return decoded.get(placed) as T;
  };
  const entities = text.entities ? settle(text.entities) : [];
  const counts = [text.entities, ...text.answers].map((placed) => placed?.job.windows.length ?? 0);
  return {
    entities,
    answers: text.answers.flatMap((placed) => settle(placed)),
    tokens: text.tokens,
    windows: Math.max(0, ...counts),
  };
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
