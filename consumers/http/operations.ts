import { z } from 'zod';
import {
  analyzeRequestSchema,
  answersRequestSchema,
  entitiesRequestShapes,
  type HttpOperation,
  listRecordsQuerySchema,
} from '#shared/contracts/http-api.ts';
import { recordIdSchema, textSchema } from '#shared/contracts/text-record.ts';
import { validate } from '#shared/contracts/validate.ts';
import { SpanstreamError, ValidationError } from '#shared/errors.ts';
import type { Analysis, AnalysisOutcome } from '#shared/nlp/types.ts';
import { storedAnswer } from '#shared/results-table/result-item.ts';
import type { ResultItem } from '#shared/results-table/table-item.ts';
import { type HttpDeps, itemOf, madeId, record, runInTime, type Timing } from './analyze-texts.ts';
import { openApiDescription } from './open-api.ts';
import { HttpError } from './problems.ts';

/** A call after routing: what came in path, query and body. */
export interface Call {
  readonly operation: HttpOperation;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * Serves one call and returns the body of its answer.
 *
 * @throws {ValidationError} for a wrong request, {HttpError} for an answer of another status
 */
export async function serve(call: Call, deps: HttpDeps, timing: Timing): Promise<object> {
  switch (call.operation) {
    case 'findEntities':
      return findEntities(call.body, deps, timing);
    case 'answerQuestion':
      return answerQuestion(call.body, deps, timing);
    case 'analyzeText':
      return analyzeText(call.body, deps, timing);
    case 'getRecord':
      return getRecord(call.path.id, deps);
    case 'listRecords':
      return listRecords(call.query, deps);
    case 'getHealth':
      return health(deps);
    case 'getDescription':
      return openApiDescription();
  }
}

async function findEntities(body: unknown, deps: HttpDeps, timing: Timing) {
  const single = body !== null && typeof body === 'object' && Object.hasOwn(body, 'text');
  const { texts, id, store } = single
    ? toTexts(validate(entitiesRequestShapes.text, body))
    : validate(entitiesRequestShapes.texts, body);
  const base = id ?? madeId();
  const checked = texts.map((text, index) => {
    try {
      return { index, text: checkText(text, index) };
    } catch (error) {
      return { index, error };
    }
  });
  const usable = checked.flatMap(({ index, text }) =>
    text === undefined ? [] : [{ index, text }],
  );
  const outcomes = usable.length > 0 ? await runInTime(usable, deps, timing) : [];
  const found = usable.flatMap(({ index, text }, at) => {
    const outcome = outcomes[at];
    if (!outcome?.ok) return [];
    const name = single ? base : `${base}.${index}`;
    const finding = {
      id: name,
      text,
      questions: [],
      operation: 'entities',
      analysis: outcome.value,
    } as const;
    return [{ index, item: itemOf(finding, deps, timing) }];
  });
  const recorded = await record(
    found.map(({ item }) => item),
    store,
    deps,
    timing,
  );
  const failed = usable.flatMap(({ index }, at) => {
    const outcome = outcomes[at];
    return outcome?.ok ? [] : [{ index, error: outcome?.error }];
  });
  return {
    pipelineVersion: deps.engine.pipelineVersion,
    results: found.map(({ index, item }, at) => ({
      index,
      id: item.id,
      entities: item.entities,
      tokens: item.tokens,
      windows: item.windows,
      ...recorded[at],
    })),
    errors: [...checked.filter(({ text }) => text === undefined), ...failed]
      .map(({ index, error }) => ({ index, ...faultOf(error, `texts[${index}]`) }))
      .sort((a, b) => a.index - b.index),
  };
}

const toTexts = ({
  text,
  ...rest
}: {
  text: string;
  id?: string | undefined;
  store?: boolean | undefined;
}) => ({
  ...rest,
  texts: [text] as unknown[],
});

function checkText(text: unknown, index: number): string {
  const shape = z.object({ texts: z.tuple([textSchema]) });
  try {
    return validate(shape, { texts: [text] }).texts[0];
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const field = `texts[${index}]`;
    throw new ValidationError(field, error.message.replace('texts[0]', field), {
      code: error.code,
    });
  }
}

function faultOf(error: unknown, field: string) {
  return error instanceof SpanstreamError
    ? { code: error.code, field, message: error.message }
    : { code: 'inference-failed', field, message: `${field} could not be read` };
}

async function answerQuestion(body: unknown, deps: HttpDeps, timing: Timing) {
  const {
    context: text,
    question,
    topK,
    id = madeId(),
    store,
  } = validate(answersRequestSchema, body);
  const questions = [question];
  const analysis = await analyzeOne({ text, questions, entities: false, topK }, deps, timing);
  const item = itemOf({ id, text, questions, operation: 'answers', analysis }, deps, timing);
  const [recorded] = await record([item], store, deps, timing);
  return {
    id,
    pipelineVersion: deps.engine.pipelineVersion,
    answers: analysis.answers.map(storedAnswer),
    tokens: item.tokens,
    windows: item.windows,
    ...recorded,
  };
}

async function analyzeText(body: unknown, deps: HttpDeps, timing: Timing) {
  const { id = madeId(), store, ...request } = validate(analyzeRequestSchema, body);
  const analysis = await analyzeOne(request, deps, timing);
  const item = itemOf({ id, ...request, operation: 'analyze', analysis }, deps, timing);
  const [recorded] = await record([item], store, deps, timing);
  return { ...publicResult(item), ...recorded };
}

async function analyzeOne(
  {
    text,
    questions,
    entities = true,
    topK = 1,
  }: {
    text: string;
    questions: readonly string[];
    entities?: boolean;
    topK?: number;
  },
  deps: HttpDeps,
  timing: Timing,
): Promise<Analysis> {
  const outcomes: AnalysisOutcome[] = await runInTime(
    [{ text, questions, entities, topK }],
    deps,
    timing,
  );
  const outcome = outcomes[0];
  if (outcome?.ok) return outcome.value;
  throw new ValidationError('text', outcome?.error.message ?? 'the text could not be read', {
    code: 'inference-failed',
  });
}

async function getRecord(id: string | undefined, deps: HttpDeps) {
  const path = validate(z.object({ id: recordIdSchema }), { id });
  const results = await deps.reader.byId(path.id);
  if (results.length === 0) throw new HttpError(404, `Nothing is stored of a record ${path.id}.`);
  return { id: path.id, results: results.map(publicResult) };
}

async function listRecords(query: Readonly<Record<string, string>>, deps: HttpDeps) {
  const { from, to, ...rest } = validate(listRecordsQuerySchema, query);
  if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to)) {
    throw new ValidationError('from', 'from must be before to');
  }
  const page = await deps.reader.bySource({ ...rest, from: inUtc(from), to: inUtc(to) });
  return { ...page, results: page.results.map(publicResult) };
}

/** Arrival times are kept in UTC with milliseconds, and compared as text. */
const inUtc = (time: string | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();

function health({ engine }: HttpDeps) {
  const models = engine.models.map(({ name, task, version }) => ({ name, task, version }));
  return { status: 'ready', pipelineVersion: engine.pipelineVersion, models };
}

/** A result as clients see it: without the table's keys. */
function publicResult(item: ResultItem) {
  const {
    pk: _pk,
    sk: _sk,
    sourceKey: _key,
    sourceOrder: _order,
    expiresAt: _expiry,
    ...result
  } = item;
  return result;
}
