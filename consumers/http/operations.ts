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
import type { Analysis, AnalysisRequest } from '#shared/nlp/types.ts';
import { encodeCursor, type List } from '#shared/results-table/cursor.ts';
import { storedAnswer } from '#shared/results-table/result-item.ts';
import {
  analyze,
  answerRecorded,
  type Bounds,
  type HttpDeps,
  itemOf,
  madeId,
} from './on-demand.ts';
import { openApiDescription } from './open-api.ts';
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
  async findEntities({ body: { text, texts = [text], id = madeId(), store } }, deps, bounds) {
    const single = text !== undefined;
    const checked = texts.map((given, index) =>
      checkText(given, index, single ? 'text' : `texts[${index}]`),
    );
    const usable = checked.filter((one) => 'text' in one);
    const outcomes = await analyze(usable.map(toRequest), deps, bounds);
    const failed: Unusable[] = [];
    const found = usable.flatMap(({ index, field, text }, at) => {
      const outcome = outcomes[at];
      if (!outcome?.ok) {
        failed.push({ index, field, fault: unreadable(field, outcome?.error.message, deps) });
        return [];
      }
      const named = single ? id : `${id}.${index}`;
      const finding = { id: named, text, operation: 'entities', analysis: outcome.value } as const;
      return { index, item: itemOf(finding, deps, bounds) };
    });
    const errors = [...checked.filter((one) => 'fault' in one), ...failed]
      .sort((a, b) => a.index - b.index)
      .map(({ index, field, fault: { code, message } }) => ({ index, code, field, message }));
    const items = found.map(({ item }) => item);
    return answerRecorded(items, store, deps, bounds, (recorded) => ({
      pipelineVersion: deps.engine.pipelineVersion,
      results: found.map(({ index, item: { id, entities, tokens, windows } }, at) => ({
        index,
        id,
        entities,
        tokens,
        windows,
        ...statusOf(recorded[at]),
      })),
      errors,
    }));
  },

  async answerQuestion({ body: { context: text, question, topK, id, store } }, deps, bounds) {
    const questions = [question];
    const request = { text, questions, tasks: ['answers'] as const, topK };
    const analysis = await analyzeOne(request, 'context', deps, bounds);
    const item = itemOf({ id, text, questions, operation: 'answers', analysis }, deps, bounds);
    return answerRecorded([item], store, deps, bounds, ([recorded]) => ({
      id: item.id,
      pipelineVersion: item.pipelineVersion,
      answers: analysis.answers.map(storedAnswer),
      tokens: item.tokens,
      windows: item.windows,
      ...statusOf(recorded),
    }));
  },

  async analyzeText({ body: { store, ...finding } }, deps, bounds) {
    const { text, questions } = finding;
    const analysis = await analyzeOne({ text, questions }, 'text', deps, bounds);
    const item = itemOf({ ...finding, operation: 'analyze', analysis }, deps, bounds);
    const result = publicResultSchema.parse(item);
    return answerRecorded([item], store, deps, bounds, ([recorded]) => ({
      ...result,
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

const toRequest = ({ text }: Usable): AnalysisRequest => ({ text });

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

/** Most characters of what the table has of results and an answer leaves out, their keys, over the longest page and one more. */
const KEYS_SLACK = 101 * 1_000;
/** JSON is never shorter in an envelope than it is alone: more than this never fits, so that the page's cursor tells of the rest. */
const reading = ({ maximumBytes, signal }: Bounds) => ({
  maximumLength: maximumBytes + KEYS_SLACK,
  signal,
});

/** As much of a list as is asked for and fits an answer; with a cursor where it was cut. */
function cutPage(list: List, items: readonly ResultItem[], limit: number, bounds: Bounds) {
  const results: z.output<typeof publicResultSchema>[] = [];
  const end = items[0]?.sourceOrder ?? '';
  let bytes = bounds.bytesOf({ ...list, results, cursor: encodeCursor(list, end) }) + PAGE_SLACK;
  for (const [index, item] of items.entries()) {
    const result = publicResultSchema.parse(item);
    bytes += bounds.bytesOf(result) + 1;
    if (index < limit && bytes <= bounds.maximumBytes) {
      results.push(result);
      continue;
    }
    const last = items[index - 1];
    if (last) return { results, cursor: encodeCursor(list, last.sourceOrder) };
    const detail = `A result of ${item.id} is too large for an answer; it can be read from the table.`;
    throw new HttpError(413, detail, { cursor: encodeCursor(list, item.sourceOrder) });
  }
  return { results };
}

/** Cursors differ in length as ids do. */
const PAGE_SLACK = 500;
