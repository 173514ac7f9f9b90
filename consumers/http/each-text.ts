import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ResultItem } from '#shared/contracts/result.ts';
import type { ObjectAddress } from '#shared/contracts/text-bodies.ts';
import { type SpanstreamError, ValidationError } from '#shared/errors.ts';
import type { RedactionMode } from '#shared/nlp/personal-data/kinds.ts';
import type { Analysis, TaskName } from '#shared/nlp/types.ts';
import { requestOf } from '#shared/results-table/result-item.ts';
import { type GivenText, givenText, textOf } from './given-text.ts';
import {
  analyze,
  answerRecorded,
  type Bounds,
  foundIn,
  type HttpDeps,
  madeId,
  type OnDemandResult,
  recordingOf,
  resultOf,
  unreadable,
} from './on-demand.ts';

/** Body of a call that is one task for one text or several. */
interface TextsBody {
  readonly text?: string | undefined;
  readonly object?: ObjectAddress | undefined;
  readonly texts?: readonly unknown[] | undefined;
  readonly language?: string | undefined;
  readonly id?: string | undefined;
  readonly store?: boolean | undefined;
  readonly mode?: RedactionMode | undefined;
}

/** Handles a call that is one task for one text or several; `give` picks of a text's result what the call answers. */
export function eachText<Given extends object>(
  task: Exclude<TaskName, 'answers'>,
  give: (
    item: ResultItem,
    of: Pick<TextsBody, 'mode'> & { readonly text: string; readonly analysis: Analysis },
    deps: HttpDeps,
  ) => Given,
) {
  return async ({ body }: { readonly body: TextsBody }, deps: HttpDeps, bounds: Bounds) => {
    const { texts, language, id = madeId(), store, mode } = body;
    const asked = { questions: [], tasks: [task], language };
    const checked = texts
      ? texts.map(checkText)
      : [{ index: 0, ...(await givenText(body, 'text', deps, bounds)) }];
    const usable = checked.filter((one) => 'text' in one);
    const requests = usable.map((one) => requestOf(one.text, asked, deps.options));
    const outcomes = await analyze(requests, deps, bounds);
    const failed: Extract<Checked, { fault: SpanstreamError }>[] = [];
    const found: { index: number; result: OnDemandResult; given: Given }[] = [];
    for (const [at, { index, ...given }] of usable.entries()) {
      const { text, field } = given;
      // Hiding personal data in many long texts takes a while, in which the time may end.
      await nextTurn();
      bounds.signal.throwIfAborted();
      const outcome = outcomes[at];
      if (!outcome?.ok) {
        failed.push({ index, field, fault: unreadable(field, outcome?.error.message, deps) });
        continue;
      }
      const named = texts ? `${id}.${index}` : id;
      const analysis = outcome.value;
      const result = await resultOf(
        { id: named, text, attributes: given.attributes, asked, operation: task, analysis, store },
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
        ...recordingOf(recorded[at]),
      })),
      errors,
    }));
  };
}

/** A text to be run, or why it is none, by its index. */
type Checked = { readonly index: number; readonly field: string } & (
  | GivenText
  | { readonly fault: SpanstreamError }
);

/** A text of several is judged by the same rule as one alone, under its own name. */
function checkText(text: unknown, index: number): Checked {
  const field = `texts[${index}]`;
  try {
    return { index, field, text: textOf(field, text) };
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return { index, field, fault: error };
  }
}
