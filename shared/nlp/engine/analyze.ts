import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineError, InferenceError, messageOf } from '../../errors.ts';
import { oncePerKey } from '../once-per-key.ts';
import type * as PersonalDataRules from '../personal-data/index.ts';
import type { Head, HeadRequest, HeadTask } from '../task.ts';
import { headTasks, tasks as registry } from '../tasks.ts';
import type {
  Analysis,
  AnalysisOutcome,
  AnalysisRequest,
  AnalyzeOptions,
  Encoding,
  ModelWindow,
  PersonalData,
  PreparedJob,
  Tokenizer,
} from '../types.ts';
import { type Reading, readText, type TextModel } from '../windows/reading.ts';
import { checkRequest } from './check-request.ts';
import type { ModelHead, Route, Router } from './route.ts';
import type { ModelInput, ModelRun, WindowResult } from './run-windows.ts';
import { unlessAborted } from './unless-aborted.ts';

/** A model that is ready to read texts. */
export interface ReadyModel extends TextModel {
  /** In the order of the manifest. */
  readonly heads: readonly Head[];
}

/** What an analysis is made with. */
export interface AnalysisDeps {
  /** Has a model ready, which is loaded first where no text has needed it before; rejects with an `EngineError`. */
  readonly loadModel: (model: number) => Promise<ReadyModel>;
  readonly router: Router;
  /** Loads the rules; given again at once where that has been done. */
  readonly loadPersonalData: () => Promise<Pick<typeof PersonalDataRules, 'searchPersonalData'>>;
  readonly runWindows: (
    inputs: readonly ModelInput[],
    signal: AbortSignal | undefined,
  ) => Promise<WindowResult[]>;
}

/** Characters that are tokenized, or tokens that are decoded, before the event loop gets a turn: some milliseconds. */
const WORK_A_TURN = 32 * 1024;
/** What the shortest text counts as. */
const LEAST_WORK = 64;

/** Characters of a text from which on a rule of personal data may take a while. */
const TURN_AT_EVERY_RULE = 8 * 1024;

type TakeTurns = (work: number) => Promise<void>;

/** Analyzes texts as one job: identical ones once, each settled by itself; see `TextEngine.analyze`. */
export async function analyzeTexts(
  deps: AnalysisDeps,
  requests: readonly AnalysisRequest[],
  { signal }: AnalyzeOptions = {},
): Promise<AnalysisOutcome[]> {
  signal?.throwIfAborted();
  let worked = 0;
  const takeTurns: TakeTurns = async (work) => {
    worked += LEAST_WORK + work;
    if (worked < WORK_A_TURN) return;
    worked = 0;
    await nextTurn();
    signal?.throwIfAborted();
  };
  const inputs: ModelInput[] = [];
  const known = new Map<string, KnownText>();
  const once = oncePerKey<number, ReadyModel>();
  const loadModel = (model: number) =>
    once(model, () => unlessAborted(deps.loadModel(model), signal));
  const prepared: (PreparedText | InferenceError)[] = [];
  for (const request of requests) {
    prepared.push(
      await guarded(() => prepare(deps.router, request, { known, inputs, loadModel, takeTurns })),
    );
  }
  const results = inputs.length > 0 ? await deps.runWindows(inputs, signal) : [];
  const outcomes: AnalysisOutcome[] = [];
  for (const text of prepared) {
    const value =
      text instanceof InferenceError
        ? text
        : await guarded(() => decode(deps, text, results, takeTurns));
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
      // A model that cannot be loaded is no fault of the text that needs it.
      if (error instanceof EngineError) throw error;
      return asInferenceError(error);
    }
  }
}

/** The windows of a text that one model runs, whichever heads read them, and where they lie among all windows. */
interface Run extends ModelRun {
  readonly first: number;
  readonly outputs: Set<string>;
}

/** What one head is to make of a text, and what it made. */
interface Job {
  readonly task: HeadTask;
  readonly prepared: PreparedJob<readonly unknown[]>;
  readonly run: Run;
  readonly tokens: number;
  /** What it made, once it has. */
  outcome?: readonly unknown[] | InferenceError;
}

/** What is asked of one text. */
interface PreparedText {
  readonly text: string;
  readonly route: Route;
  readonly jobs: readonly Job[];
  readonly tokens: number;
}

/** What was made of a text already, for requests that hold the same. */
interface KnownText {
  detected?: string;
  readonly encodings: Map<Tokenizer, Encoding>;
  readonly readings: Map<number, Reading>;
  readonly runs: Map<readonly ModelWindow[], Run>;
  /** By head, question and number of results wanted. */
  readonly jobs: Map<ModelHead, Map<string, Job>>;
}

async function prepare(
  router: Router,
  given: AnalysisRequest,
  into: {
    readonly known: Map<string, KnownText>;
    readonly inputs: ModelInput[];
    readonly loadModel: AnalysisDeps['loadModel'];
    readonly takeTurns: TakeTurns;
  },
): Promise<PreparedText> {
  const request = checkRequest(given);
  const { text, questions = [], topK } = request;
  const known: KnownText = into.known.get(text) ?? {
    encodings: new Map(),
    readings: new Map(),
    runs: new Map(),
    jobs: new Map(),
  };
  into.known.set(text, known);
  if (router.detects && request.language === undefined && known.detected === undefined) {
    known.detected = router.detect(text);
    await into.takeTurns(text.length);
  }
  const route = router.route(request, known.detected);
  const read = async (index: number): Promise<Reading> => {
    const before = known.readings.get(index);
    if (before) return before;
    const model = await into.loadModel(index);
    const encoded = known.encodings.get(model.tokenizer);
    const reading = readText(model, text, encoded);
    known.readings.set(index, reading);
    if (!encoded) {
      known.encodings.set(model.tokenizer, reading.encoding);
      await into.takeTurns(text.length);
    }
    return reading;
  };
  const jobs: Job[] = [];
  for (const head of route.heads) {
    const { asksQuestions } = registry[head.task];
    for (const question of asksQuestions ? questions : ['']) {
      const made = known.jobs.get(head) ?? new Map<string, Job>();
      known.jobs.set(head, made);
      const key = `${topK} ${question}`;
      const job = made.get(key) ?? (await place(head, { question, topK }));
      if (asksQuestions && !made.has(key)) await into.takeTurns(job.tokens);
      made.set(key, job);
      jobs.push(job);
    }
  }
  return { text, route, jobs, tokens: (await read(route.countedBy)).encoding.ids.length };

  async function place(head: ModelHead, asked: HeadRequest): Promise<Job> {
    const reading = await read(head.model);
    const prepare = (await into.loadModel(head.model)).heads[head.place];
    if (prepare === undefined) throw new RangeError(`${head.task} has no head`);
    const prepared = prepare(reading, asked);
    const { windows } = prepared;
    const run = known.runs.get(windows) ?? { first: into.inputs.length, outputs: new Set() };
    if (!known.runs.has(windows)) {
      known.runs.set(windows, run);
      for (const window of windows) into.inputs.push({ model: head.model, window, run });
    }
    for (const output of head.outputs) run.outputs.add(output);
    return { task: head.task, prepared, run, tokens: reading.encoding.ids.length };
  }
}

async function decode(
  { loadPersonalData }: AnalysisDeps,
  { text, route, jobs, tokens }: PreparedText,
  results: readonly WindowResult[],
  takeTurns: TakeTurns,
): Promise<Analysis> {
  const found = Object.fromEntries(headTasks.map((task): [string, unknown[]] => [task, []]));
  let windows = 0;
  for (const job of jobs) {
    if (job.outcome === undefined) {
      job.outcome = decodeJob(job, results);
      await takeTurns(job.tokens);
    }
    if (job.outcome instanceof InferenceError) throw job.outcome;
    // Not spread into push: a long text has more tags than a call takes arguments.
    for (const one of job.outcome) found[job.task]?.push(one);
    windows = Math.max(windows, job.prepared.windows.length);
  }
  // Each task's heads give what its field of an analysis holds.
  const given = found as unknown as Pick<Analysis, HeadTask>;
  const { language, asked, unserved } = route;
  let pii: readonly PersonalData[] = [];
  if (asked.has('pii') && !unserved.includes('pii')) {
    const { searchPersonalData } = await loadPersonalData();
    const search = searchPersonalData(text, { language, entities: given.entities });
    let step = search.next();
    for (; !step.done; step = search.next()) {
      // Each rule reads the whole text: a short one has no need of a turn at every rule.
      if (text.length > TURN_AT_EVERY_RULE) await takeTurns(text.length);
    }
    pii = step.value;
    await takeTurns(text.length);
  }
  const entities = asked.has('entities') ? given.entities : [];
  return { language, unserved, ...given, entities, pii, tokens, windows };
}

function decodeJob(
  { prepared, run }: Job,
  results: readonly WindowResult[],
): readonly unknown[] | InferenceError {
  try {
    const outputs = prepared.windows.map((_, index) => {
      const result = results[run.first + index];
      if (result?.ok) return result.output;
      throw new InferenceError(
        `the model could not run on the text: ${messageOf(result?.error ?? 'no result')}`,
        { cause: result?.error },
      );
    });
    return prepared.decode(outputs);
  } catch (error) {
    return asInferenceError(error);
  }
}

function asInferenceError(error: unknown): InferenceError {
  if (error instanceof InferenceError) return error;
  return new InferenceError(`the text could not be analyzed: ${messageOf(error)}`, {
    cause: error,
  });
}
