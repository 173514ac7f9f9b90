import { PROBE_TEXT } from '#shared/contracts/canary.ts';
import type { ResultItem } from '#shared/contracts/result.ts';
import { messageOf, SpanstreamError } from '#shared/errors.ts';
import type { Entity } from '#shared/nlp/types.ts';
import { poll } from '#shared/poll.ts';

/** The source it is sent under: a metric of its own says that it was counted. */
const SMOKE_SOURCE = 'smoke';

/** A deployment as a smoke test touches it. */
export interface SmokeDeps {
  put(record: { id: string; text: string; source: string }): Promise<void>;
  /** Stored results of a record. */
  results(id: string): Promise<readonly ResultItem[]>;
  /** Sends a request to the API; throws where it answers with an error. */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
  /** Sum of `RecordsProcessed` of the source since a time. */
  processed(source: string, since: Date): Promise<number>;
  now(): number;
  pause(milliseconds: number): Promise<void>;
  say(line: string): void;
}

/**
 * Sends one record through a deployment: puts it on the stream, waits for its result, asks the API for both the stored result
 * and the same text anew, and waits until the metric counts it.
 *
 * @returns what it found, in seconds after it began
 * @throws {SpanstreamError} naming the step that failed
 */
export async function runSmoke(
  id: string,
  deps: SmokeDeps,
  bounds: { storedSeconds: number; metricSeconds: number },
) {
  const started = deps.now();
  const since = new Date(started - 60_000);
  const processed = () => naming('the metric cannot be read', deps.processed(SMOKE_SOURCE, since));
  const ask = <T>(method: 'GET' | 'POST', path: string, body?: unknown) =>
    naming(`${method} ${path} cannot be asked`, deps.ask(method, path, body)) as Promise<T>;
  const before = await processed();
  const elapsed = () => Math.round((deps.now() - started) / 100) / 10;

  const record = { id, text: PROBE_TEXT, source: SMOKE_SOURCE };
  await naming('the record cannot be put on the stream', deps.put(record));
  deps.say(`put record ${id}`);

  const stored = await until(deps, 'no result was stored', bounds.storedSeconds, async () => {
    const [result] = await naming('the results table cannot be read', deps.results(id));
    return result;
  });
  const secondsToStored = elapsed();
  checkEntities('the stored result', stored.entities);
  deps.say(
    `stored after ${secondsToStored} s: ${stored.entities.map(({ text }) => text).join(', ')}`,
  );

  type Answer = { results?: { entities: Entity[] }[] };
  const read = await ask<Answer>('GET', `/v1/records/${id}`);
  const asked = await ask<Answer>('POST', '/v1/entities', { text: PROBE_TEXT, store: false });
  same('GET /v1/records/{id}', spansOf(read.results?.[0]?.entities), spansOf(stored.entities));
  same('POST /v1/entities', spansOf(asked.results?.[0]?.entities), spansOf(stored.entities));
  deps.say('the API has the result, and finds the same in the same text');

  await until(deps, 'the metric does not count the record', bounds.metricSeconds, async () =>
    (await processed()) > before ? true : undefined,
  );
  const secondsToMetric = elapsed();
  deps.say(`counted after ${secondsToMetric} s`);
  return { id, entities: stored.entities.length, secondsToStored, secondsToMetric };
}

/** Awaits a step, whose fault then says at which one it came and why. */
async function naming<T>(step: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    if (cause instanceof SpanstreamError) throw cause;
    // `fetch` hides why it failed in the cause.
    const inner = cause instanceof Error && cause.cause ? `: ${messageOf(cause.cause)}` : '';
    throw new SpanstreamError('smoke-failed', `${step}: ${messageOf(cause)}${inner}`, { cause });
  }
}

async function until<T>(
  deps: SmokeDeps,
  fault: string,
  seconds: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const found = await poll(look, {
    deadline: deps.now() + seconds * 1_000,
    pauseMs: () => 1_000,
    now: deps.now,
    wait: deps.pause,
  });
  if (found !== undefined) return found;
  throw new SpanstreamError('smoke-failed', `${fault} within ${seconds} s`);
}

function checkEntities(what: string, entities: readonly Entity[]): void {
  if (entities.length === 0) throw new SpanstreamError('smoke-failed', `${what} has no entity`);
  const off = entities.find(({ start, end, text }) => PROBE_TEXT.slice(start, end) !== text);
  if (off) {
    throw new SpanstreamError('smoke-failed', `${what}: "${off.text}" is not at its offsets`);
  }
}

const spansOf = (entities: readonly Entity[] | undefined): string =>
  JSON.stringify(entities?.map(({ type, start, end }) => [type, start, end]) ?? null);

function same(what: string, actual: string, wanted: string): void {
  if (actual !== wanted) {
    throw new SpanstreamError('smoke-failed', `${what} gives ${actual}, the stream gave ${wanted}`);
  }
}
