import { setImmediate } from 'node:timers/promises';
import { handleRequest } from '#consumers/http/handle-request.ts';
import { processBatch } from '#consumers/inference/process-batch.ts';
import {
  type Blob,
  createProducerOn,
  type PutRecords,
  type TextRecordInput,
} from '#producers/index.ts';
import { problemSchema } from '#shared/contracts/http-api.ts';
import type { TextRecord } from '#shared/contracts/text-record.ts';
import { messageOf } from '#shared/errors.ts';
import { taskNames } from '#shared/nlp/types.ts';
import { keyOf, type ResultOptions } from '#shared/results-table/result-item.ts';
import { isResult, type TableItem } from '#shared/results-table/stored-item.ts';
import type { Standing } from '#shared/settings/standing.ts';
import { decodeStreamRecord } from '#shared/stream/decode-record.ts';
import { createHttpDeps, proxyEvent } from '#test/consumers/http/doubles.ts';
import { createTestDeps, kinesisEvent } from '#test/consumers/inference/doubles.ts';
import { createMaker, SECRET, seededRandom } from './malformed.ts';

const BATCH = 50;
/** Processor time that one round may take before it counts as a hang, however busy the machine is. */
const HANG_MS = 20_000;

/** What became of the inputs of a run. */
export interface FuzzReport {
  readonly inputs: number;
  /** How often each result, rejection reason and HTTP status came. */
  readonly outcomes: Record<string, number>;
  readonly slowestMs: number;
  readonly heapGrowthMb: number;
}

/**
 * Feeds malformed records and requests to the consumers, and records with odd partition keys to a producer.
 *
 * @throws at the first input that crashes, hangs, is lost or is answered wrongly, with the seed and its number
 */
export async function runFuzz(options: {
  readonly count: number;
  readonly seed: number;
  /** Ends the run early. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number) => void;
}): Promise<FuzzReport> {
  const maker = createMaker(seededRandom(options.seed));
  const outcomes: Record<string, number> = {};
  const seen = (name: string): void => {
    outcomes[name] = (outcomes[name] ?? 0) + 1;
  };
  let slowestMs = 0;
  let heapAtStart: number | undefined;
  let done = 0;
  while (done < options.count && !options.signal?.aborted) {
    const round = Math.min(BATCH, options.count - done);
    const before = process.cpuUsage();
    try {
      const turn = Math.floor(done / BATCH) % 5;
      if (turn === 4) await fuzzProducer(maker, round, seen);
      else if (turn % 2 === 0) await fuzzStream(maker, round, seen);
      else for (let each = 0; each < round; each++) await fuzzHttp(maker, seen);
    } catch (cause) {
      const where = `seed ${options.seed}, inputs ${done} to ${done + round}`;
      throw new Error(`${where}: ${messageOf(cause)}`, { cause });
    }
    const { user, system } = process.cpuUsage(before);
    const took = (user + system) / 1_000;
    slowestMs = Math.max(slowestMs, took);
    if (took > HANG_MS) throw new Error(`inputs ${done} to ${done + round} took ${took} ms`);
    done += round;
    if (heapAtStart === undefined && done >= options.count / 4) heapAtStart = heapMb();
    options.onProgress?.(done);
    // Everything here is in memory: without a turn of the event loop no timer would ever be let go.
    await setImmediate();
  }
  return { inputs: done, outcomes, slowestMs, heapGrowthMb: heapMb() - (heapAtStart ?? 0) };
}

function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

type Maker = ReturnType<typeof createMaker>;

async function fuzzStream(maker: Maker, count: number, seen: (name: string) => void) {
  const blobs = Array.from({ length: count }, maker.blob);
  const options = resultOptions(maker);
  const now = Date.now();
  const { deps, table, bucket } = createTestDeps(
    // No time passes: what takes too long is found by the processor's.
    { options, standing, now: () => now, signalAfter: () => new AbortController().signal },
    engineHooks,
  );
  const answer = await processBatch(kinesisEvent(blobs), deps, () => 60_000);
  if (answer.batchItemFailures.length > 0) throw new Error('a record was handed back');

  const keys = new Set<string>();
  for (const [index, data] of blobs.entries()) {
    const decoded = decode(data, `${1001 + index}`);
    for (const { record, position } of decoded) {
      const failed = !record || record.text.includes('POISON');
      const sub = position.subSequenceNumber === undefined ? '' : `.${position.subSequenceNumber}`;
      keys.add(
        failed
          ? `rejected/text/shardId-000000000000/${position.sequenceNumber}${sub}.json`
          : keyOf(askedOf(record), deps.engine.pipelineVersion, options).sk + record.id,
      );
    }
  }
  const items = table.items();
  for (const item of items) {
    seen(isResult(item) ? 'result' : item.reason);
    const key = isResult(item) ? item.sk + item.id : item.failureKey;
    if (!keys.delete(key)) throw new Error(`nobody asked for ${key.slice(0, 200)}`);
    if (!isResult(item) && !bucket.objects.has(item.failureKey)) throw new Error(`${key} is lost`);
  }
  if (keys.size > 0) throw new Error(`not settled: ${[...keys].join(' ').slice(0, 300)}`);
  refuseSecret(items, options);
}

/** What a source asks that the records do not. */
const standing: Standing = {
  questions: { news: ['Where?'] },
  tasks: { news: ['entities', 'labels', 'pii'] },
  languages: { news: 'ja' },
};
const engineHooks = { tasks: taskNames, languages: ['en', 'und'] };

/** What is asked of a record, as its contract says: by itself, or else by its source. */
function askedOf(record: TextRecord) {
  const ofSource = record.source === 'news';
  return {
    record,
    questions: record.questions ?? (ofSource ? ['Where?'] : []),
    tasks: record.tasks ?? (ofSource ? standing.tasks.news : undefined),
    language: record.language ?? (ofSource ? 'ja' : undefined),
  };
}

/** Half of the time personal data is hidden. */
function resultOptions(maker: Maker): ResultOptions {
  const storeText = maker.below(4) > 0;
  const mode = maker.pick(['mask', 'type', 'hash', undefined, undefined] as const);
  const redaction = mode && { mode, key: 'a key of sixteen bytes' };
  return { storeText, retentionDays: 0, ...(redaction && { redaction }) };
}

function refuseSecret(items: readonly TableItem[], { redaction }: ResultOptions): void {
  const shown = redaction && items.find((item) => JSON.stringify(item).includes(SECRET));
  if (shown) throw new Error(`stored in clear text: ${JSON.stringify(shown).slice(0, 400)}`);
}

const decode = (data: Uint8Array, sequenceNumber: string, partitionKey = 'k') =>
  decodeStreamRecord({
    position: { stream: 'text', shard: 'shardId-000000000000', sequenceNumber },
    partitionKey,
    arrivedAt: '2026-01-01T00:00:00.000Z',
    data,
  });

/** A Kinesis that refuses a whole call for one bad entry, and some entries for a while. */
function createStream(maker: Maker) {
  const taken: Blob[] = [];
  const putRecords: PutRecords = async (blobs) => {
    for (const { partitionKey: key, data } of blobs) {
      const isSound = typeof key === 'string' && key.isWellFormed() && data.length < 2 ** 20;
      if (!isSound || [...key].length < 1 || [...key].length > 256) {
        throw new Error('the producer sent what Kinesis refuses');
      }
    }
    if (maker.below(10) === 0) throw Object.assign(new Error('x'), { code: 'ECONNRESET' });
    return blobs.map((blob) => {
      if (maker.below(10) === 0) return 'ProvisionedThroughputExceededException: slow down';
      taken.push(blob);
      return undefined;
    });
  };
  return { taken, putRecords };
}

async function fuzzProducer(maker: Maker, count: number, seen: (name: string) => void) {
  const made = Array.from({ length: count }, maker.record);
  const { taken, putRecords } = createStream(maker);
  let next = 0;
  const keys: (() => unknown)[] = [];
  const producer = createProducerOn(putRecords, {
    backoff: { baseMs: 0, capMs: 0 },
    lingerMs: 0,
    // An application without types gives anything for a key.
    partitionKey: () => keys[next++]?.() as string,
  });
  keys.push(...made.map(({ key }) => key));
  const report = await producer.put(made.map(({ record }) => record) as TextRecordInput[]);
  const settled = report.put + report.stranded.length + report.invalid.length;
  if (report.read !== count || settled !== count || report.put !== taken.length) {
    throw new Error(`the producer's books do not balance: ${JSON.stringify(report).slice(0, 300)}`);
  }
  for (const { field, message } of report.invalid) {
    seen(`producer-invalid-${field.replace(/[[.].*/, '')}`.slice(0, 40));
    if (message === '' || /\bat .+:\d+:\d+/.test(message))
      throw new Error(`no message: ${message}`);
  }
  for (const { data, partitionKey } of taken) {
    const [decoded, ...more] = decode(data, '1', partitionKey);
    if (!decoded?.record || more.length > 0) throw new Error(`put, and no record: ${data}`);
    seen('producer-put');
  }
}

async function fuzzHttp(maker: Maker, seen: (name: string) => void): Promise<void> {
  const options = resultOptions(maker);
  const intake = { name: 'intake', get: async () => maker.stored() };
  const { deps, table } = createHttpDeps({ options, intake }, engineHooks);
  const { path, body } = maker.request();
  const direct = maker.below(4) === 0 && isJson(body);
  const event: unknown = direct ? JSON.parse(body) : httpEvent(maker, path, body);
  const answer = await handleRequest(event, deps, () => 60_000);
  const proxied = 'statusCode' in answer;
  const status = proxied ? Number(answer.statusCode) : Number(Reflect.get(answer, 'status') ?? 200);
  seen(`http-${status}`);
  refuseSecret(table.items(), options);
  if (status >= 500) throw new Error(`status ${status} for ${body.slice(0, 300)}`);
  if (status === 200) return;
  const problem: unknown = proxied && 'body' in answer ? JSON.parse(String(answer.body)) : answer;
  const text = JSON.stringify(problemSchema.parse(problem));
  if (/\bat .+:\d+:\d+/.test(text)) throw new Error(`a stack trace was shown: ${text}`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function httpEvent(maker: Maker, path: string, body: string): object {
  switch (maker.below(5)) {
    case 0: {
      const bytes = maker.damage(Buffer.from(body));
      return proxyEvent('POST', path, bytes.toString('base64'), { isBase64Encoded: true });
    }
    case 1:
      return proxyEvent(
        'GET',
        `/v1/records/${encodeURIComponent(body.slice(0, 50).toWellFormed())}`,
      );
    case 2:
      return proxyEvent('GET', '/v1/records', undefined, {
        queryStringParameters: { source: body.slice(0, 20), cursor: body.slice(0, 90) },
      });
    default:
      return proxyEvent('POST', path, body);
  }
}
