import { setImmediate as nextTurn } from 'node:timers/promises';
import type { z } from 'zod';
import {
  type httpOperations,
  type OperationName,
  publicResultSchema,
} from '#shared/contracts/http-api.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { textSchema } from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { type SpanstreamError, ValidationError } from '#shared/errors.ts';
import type { RedactionMode } from '#shared/nlp/personal-data/kinds.ts';
import { redact } from '#shared/nlp/personal-data/redact.ts';
import type { Analysis, AnalysisRequest, TaskName } from '#shared/nlp/types.ts';
import { type ResultOptions, requestOf, storedAnswer } from '#shared/results-table/result-item.ts';
import {
  analyze,
  answerRecorded,
  type Bounds,
  type HttpDeps,
  madeId,
  type OnDemandResult,
  resultOf,
} from './on-demand.ts';
import { openApiDescription } from './open-api.ts';
import { cutPage, reading } from './pages.ts';
import { HttpError } from './problems.ts';
import type { Call } from './read-request.ts';

const PARTS = ['pathParameters', 'query', 'body'] as const;
type Part = (typeof PARTS)[number];

/** What a handler is given: the parts of a call that its entry in the table has schemas for, checked. */
type Input<Entry> = {
  [Name in keyof Entry & Part]: Entry[Name] extends z.ZodType ? z.output<Entry[Name]> : never;
};
type Handlers = {
  [Name in OperationName]: (
    input: Input<(typeof httpOperations)[Name]>,
    deps: HttpDeps,
    bounds: Bounds,
  ) => Promise<z.output<(typeof httpOperations)[Name]['answer']>>;
};

/**
 * Checks a call against its entry in the table, serves it and returns the body of its answer.
 *
 * @throws {ValidationError} for a wrong request, {HttpError} for an answer of another status
 */
export function serve(call: Call, deps: HttpDeps, bounds: Bounds): Promise<object> {
  const input = Object.fromEntries(
    PARTS.flatMap((part) => {
      const schema = call.route[part];
      return schema ? [[part, validate(schema, call[part])]] : [];
    }),
  );
  // What the entry's schemas let through is what the entry's handler takes.
  const handler = handlers[call.route.operation] as (...given: unknown[]) => Promise<object>;
  return handler(input, deps, bounds);
}

const handlers: Handlers = {
  findEntities: eachText('entities', ({ entities }) => ({ entities })),
  classifyTexts: eachText('labels', ({ labels = [] }) => ({ labels })),
  tagTexts: eachText('tags', ({ tags = [] }) => ({ tags })),
  findPersonalData: eachText('pii', ({ pii = [] }, { text, mode = 'type', analysis }, deps) => ({
    pii,
    redactedText: redact(text, analysis.pii, { mode, key: keyFor(mode, deps.options) }).text,
  })),

  async answerQuestion(
    { body: { context: text, question, topK, language, id, store } },
    deps,
    bounds,
  ) {
    const asked = { questions: [question], tasks: ['answers'], language } as const;
    const analysis = await analyzeOne(
      { ...requestOf(text, asked, deps.options), topK },
      'context',
      deps,
      bounds,
    );
    const result = await resultOf(
      { id, text, asked, operation: 'answers', analysis, store },
      deps,
      bounds,
    );
    return answerRecorded([result], deps, bounds, ([recorded]) => ({
      ...foundIn(result.item),
      id: result.item.id,
      pipelineVersion: result.item.pipelineVersion,
      answers: analysis.answers.map(storedAnswer),
      ...statusOf(recorded),
    }));
  },

  async analyzeText({ body: { questions, tasks, language, ...given } }, deps, bounds) {
    const asked = { questions, tasks, language };
    const request = requestOf(given.text, asked, deps.options);
    const analysis = await analyzeOne(request, 'text', deps, bounds);
    const result = await resultOf(
      { ...given, asked, operation: 'analyze', analysis },
      deps,
      bounds,
    );
    return answerRecorded([result], deps, bounds, ([recorded]) => ({
      ...publicResultSchema.parse(result.item),
      ...statusOf(recorded),
    }));
  },

  async getRecord({ pathParameters: { id }, query: { limit, cursor } }, deps, bounds) {
    const page = { cursor, limit: limit + 1, ...reading(bounds) };
    const found = await deps.reader.byId(id, page);
    if (found.length === 0 && cursor === undefined) {
      throw new HttpError(404, `Nothing is stored of a record ${id}.`);
    }
    return { id, ...cutPage({ id }, found, limit, bounds) };
  },

  async listRecords({ query: { limit, ...query } }, deps, bounds) {
    const page = await deps.reader.bySource({ ...query, limit, ...reading(bounds) });
    const cut = cutPage({ source: query.source }, page.results, limit, bounds);
    return { ...(page.cursor !== undefined && { cursor: page.cursor }), ...cut };
  },

  async getHealth(_input, { engine }) {
    const models = engine.models.map(({ tasks, languages, ...model }) => ({
      ...model,
      tasks: [...tasks],
      languages: [...languages],
    }));
    return { status: 'ready', pipelineVersion: engine.pipelineVersion, models };
  },

  async getDescription() {
    return openApiDescription();
  },
};

/** What every call says of a text that it read. */
const foundIn = ({ language = 'und', unserved, tokens, windows }: ResultItem) => ({
  language,
  ...(unserved && { unserved }),
  tokens,
  windows,
});

/** Body of a call that is one task for one text or several. */
interface TextsBody {
  readonly text?: string | undefined;
  readonly texts?: readonly unknown[] | undefined;
  readonly language?: string | undefined;
  readonly id?: string | undefined;
  readonly store?: boolean | undefined;
  readonly mode?: RedactionMode | undefined;
}

/** Handles a call that is one task for one text or several; `give` picks of a text's result what the call answers. */
function eachText<Given extends object>(
  task: Exclude<TaskName, 'answers'>,
  give: (
    item: ResultItem,
    of: Pick<TextsBody, 'mode'> & { readonly text: string; readonly analysis: Analysis },
    deps: HttpDeps,
  ) => Given,
) {
  return async ({ body }: { readonly body: TextsBody }, deps: HttpDeps, bounds: Bounds) => {
    const { text, texts = [text], language, id = madeId(), store, mode } = body;
    const single = text !== undefined;
    const asked = { questions: [], tasks: [task], language };
    const checked = texts.map((given, index) =>
      checkText(given, index, single ? 'text' : `texts[${index}]`),
    );
    const usable = checked.filter((one) => 'text' in one);
    const requests = usable.map((one) => requestOf(one.text, asked, deps.options));
    const outcomes = await analyze(requests, deps, bounds);
    const failed: Unusable[] = [];
    const found: { index: number; result: OnDemandResult; given: Given }[] = [];
    for (const [at, { index, field, text }] of usable.entries()) {
      // Hiding personal data in many long texts takes a while, in which the time may end.
      await nextTurn();
      bounds.signal.throwIfAborted();
      const outcome = outcomes[at];
      if (!outcome?.ok) {
        failed.push({ index, field, fault: unreadable(field, outcome?.error.message, deps) });
        continue;
      }
      const named = single ? id : `${id}.${index}`;
      const analysis = outcome.value;
      const result = await resultOf(
        { id: named, text, asked, operation: task, analysis, store },
        deps,
        bounds,
      );
      found.push({ index, result, given: give(result.item, { text, mode, analysis }, deps) });
    }
    const errors = [...checked.filter((one) => 'fault' in one), ...failed]
      .sort((a, b) => a.index - b.index)
      .map(({ index, field, fault: { code, message } }) => ({ index, code, field, message }));
    const results = found.map(({ result }) => result);
    return answerRecorded(results, deps, bounds, (recorded) => ({
      pipelineVersion: deps.engine.pipelineVersion,
      results: found.map(({ index, result: { item }, given }, at) => ({
        index,
        id: item.id,
        ...given,
        ...foundIn(item),
        ...statusOf(recorded[at]),
      })),
      errors,
    }));
  };
}

/** @throws {ValidationError} where tags are asked for and the deployment has no key to make them with */
function keyFor(mode: RedactionMode, { redaction }: ResultOptions): string | undefined {
  if (redaction || mode !== 'hash') return redaction?.key;
  throw new ValidationError('mode', 'mode: hash needs a key, which this deployment has none of');
}

const statusOf = (recorded = { stored: false }) => recorded;

interface Named {
  readonly index: number;
  readonly field: string;
}
interface Usable extends Named {
  readonly text: string;
}
interface Unusable extends Named {
  readonly fault: SpanstreamError;
}

/** A text of several is judged by the same rule as one alone, under its own name. */
function checkText(text: unknown, index: number, field: string): Usable | Unusable {
  try {
    return { index, field, text: validate(textSchema, text) };
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const message = error.message.replace('(record)', field);
    return { index, field, fault: new ValidationError(field, message, { code: error.code }) };
  }
}

function unreadable(field: string, why = 'the text could not be read', deps: HttpDeps) {
  deps.log.warn({ field, why }, 'a text could not be read');
  return new ValidationError(field, `${field}: ${why}`, { code: 'inference-failed' });
}

async function analyzeOne(
  request: AnalysisRequest,
  field: string,
  deps: HttpDeps,
  bounds: Bounds,
): Promise<Analysis> {
  const [outcome] = await analyze([request], deps, bounds);
  if (outcome?.ok) return outcome.value;
  throw unreadable(field, outcome?.error.message, deps);
}
