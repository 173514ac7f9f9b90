import type * as z from 'zod';
import {
  type httpOperations,
  type OperationName,
  publicResultSchema,
} from '#shared/contracts/http-api.ts';
import { modelsSchema } from '#shared/contracts/models.ts';
import { validate } from '#shared/contracts/validate.ts';
import { ValidationError } from '#shared/errors.ts';
import type { RedactionMode } from '#shared/nlp/personal-data/kinds.ts';
import { redact } from '#shared/nlp/personal-data/redact.ts';
import type { Analysis, AnalysisRequest } from '#shared/nlp/types.ts';
import { type ResultOptions, requestOf, storedAnswer } from '#shared/results-table/result-item.ts';
import { readAlarms } from './alarms.ts';
import { driftReport } from './drift-report.ts';
import { eachText } from './each-text.ts';
import { readFailures } from './failures.ts';
import { givenText } from './given-text.ts';
import { readMetrics } from './metrics.ts';
import {
  analyze,
  answerRecorded,
  type Bounds,
  foundIn,
  type HttpDeps,
  recordingOf,
  resultOf,
  unreadable,
} from './on-demand.ts';
import { openApiDescription } from './open-api.ts';
import { cutPage, reading } from './pages.ts';
import { HttpError, orUnavailable } from './problems.ts';
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

  async answerQuestion({ body }, deps, bounds) {
    const { question, topK, language, id, store } = body;
    const given = await givenText(body, 'context', deps, bounds);
    const asked = { questions: [question], tasks: ['answers'], language } as const;
    const request = { ...requestOf(given.text, asked, deps.options), topK };
    const analysis = await analyzeOne(request, given.field, deps, bounds);
    const { text, attributes } = given;
    const result = await resultOf(
      { id, text, attributes, asked, operation: 'answers', analysis, store },
      deps,
      bounds,
    );
    return answerRecorded([result], deps, bounds, ([recorded]) => ({
      ...foundIn(result.item),
      id: result.item.id,
      pipelineVersion: result.item.pipelineVersion,
      answers: analysis.answers.map(storedAnswer),
      ...recordingOf(recorded),
    }));
  },

  async analyzeText({ body }, deps, bounds) {
    const { id, createdAt, store, questions, tasks, language } = body;
    const { field, text, attributes } = await givenText(body, 'text', deps, bounds);
    const asked = { questions, tasks, language };
    const request = requestOf(text, asked, deps.options);
    const analysis = await analyzeOne(request, field, deps, bounds);
    const result = await resultOf(
      { id, text, createdAt, attributes, asked, operation: 'analyze', analysis, store },
      deps,
      bounds,
    );
    return answerRecorded([result], deps, bounds, ([recorded]) => ({
      ...publicResultSchema.parse(result.item),
      ...recordingOf(recorded),
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

  getMetrics: ({ query }, deps, bounds) => readMetrics(query, deps, bounds),
  listAlarms: (_input, deps, bounds) => readAlarms(deps, bounds),
  listFailures: ({ query }, deps, bounds) => readFailures(query, deps, bounds),

  async getHealth(_input, { engine }) {
    const models = engine.models.map(({ name, tasks, languages, version }) => ({
      name,
      tasks: [...tasks],
      languages: [...languages],
      version,
    }));
    return { status: 'ready', pipelineVersion: engine.pipelineVersion, models };
  },

  async listModels(_input, { engine, readProfile, log }, { signal }) {
    const { pipelineVersion, models } = engine;
    const profile = await orUnavailable(
      'What was counted of texts cannot be read',
      { log, signal },
      () => readProfile(pipelineVersion, signal),
    );
    return modelsSchema.parse({ pipelineVersion, models, drift: driftReport(profile) });
  },

  async getDescription() {
    return openApiDescription();
  },
};

/** @throws {ValidationError} where tags are asked for and the deployment has no key to make them with */
function keyFor(mode: RedactionMode, { redaction }: ResultOptions): string | undefined {
  if (redaction || mode !== 'hash') return redaction?.key;
  throw new ValidationError('mode', 'mode: hash needs a key, which this deployment has none of');
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
