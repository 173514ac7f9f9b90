import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalStack } from '#local/stack.ts';
import { createProducer } from '#producers/index.ts';
import { createProgress } from '#shared/cli/progress.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { type Books, countersOf, publishedSum, readBooks } from './books.ts';

const fixtures = new URL('../../fixtures/texts/', import.meta.url);
const LIMIT_SECONDS = 600;

interface PoisonFixture {
  readonly name: string;
  readonly dataBase64: string;
  readonly expectedReasons: readonly string[];
  readonly goodRecords: number;
}

/** What is put on the stream, and what must come of it. */
export interface DemoInput {
  readonly blobs: readonly { readonly data: Uint8Array; readonly partitionKey: string }[];
  /** Records that must become results, and records that must be parked. */
  readonly good: number;
  readonly poison: number;
}

/** How a demo ended. */
export interface DemoOutcome {
  readonly books: Books;
  /** By metric: read back from CloudWatch, and counted in the table. */
  readonly metrics: Readonly<
    Record<string, { readonly published: number; readonly table: number }>
  >;
  readonly lost: number;
  readonly duplicated: number;
  /** Records a second, from the first put to the last result. */
  readonly recordsPerSecond: number;
}

/** Reads the fixtures: `limit` good records at most, and every poison record. */
export async function readDemoInput(limit: number): Promise<DemoInput> {
  const lines = (await readFile(new URL('records.jsonl', fixtures), 'utf8')).split('\n');
  const records = lines.filter((line) => line !== '').slice(0, limit);
  const poisons: PoisonFixture[] = JSON.parse(
    await readFile(new URL('poison.json', fixtures), 'utf8'),
  );
  const blobs = [
    ...records.map((line, index) => ({ data: Buffer.from(line), partitionKey: `text-${index}` })),
    ...poisons.map(({ name, dataBase64 }) => ({
      data: Buffer.from(dataBase64, 'base64'),
      partitionKey: name,
    })),
  ];
  const sum = (count: (poison: PoisonFixture) => number) =>
    poisons.reduce((total, poison) => total + count(poison), 0);
  return {
    blobs,
    good: records.length + sum(({ goodRecords }) => goodRecords),
    poison: sum(({ expectedReasons }) => expectedReasons.length),
  };
}

/** Puts the fixtures on the stream, waits until all is processed and counted, and compares the books. */
export async function runDemo(
  stack: LocalStack,
  input: DemoInput,
  signal: AbortSignal,
): Promise<DemoOutcome> {
  const { inference, metrics: counting } = stack.mappings;
  const since = new Date();
  await put(stack, input, signal);
  await untilIdle(inference, signal, input.blobs.length);
  const seconds = (Date.now() - since.getTime()) / 1_000;
  const books = await readBooks(stack);
  await untilIdle(counting, signal);
  const metrics: Record<string, { published: number; table: number }> = {};
  for (const [name, table] of Object.entries(countersOf(books))) {
    metrics[name] = { published: await publishedSum(stack, name, since), table };
  }
  const recordsPerSecond = Math.round(((input.good + input.poison) / seconds) * 10) / 10;
  return { books, metrics, ...compare(input, books, metrics), recordsPerSecond };
}

async function put(stack: LocalStack, input: DemoInput, signal: AbortSignal): Promise<void> {
  const total = input.blobs.length;
  const progress = createProgress({ label: 'put      ', total, unit: 'records' });
  const { clients, names } = stack;
  const producer = createProducer({ client: clients.kinesis, streamName: names.stream });
  const report = await producer.putBlobs(input.blobs, {
    signal,
    onProgress: ({ put: done }) => progress.update(done),
  });
  progress.stop();
  signal.throwIfAborted();
  if (report.stranded.length > 0) {
    const message = `${report.stranded.length} records could not be put on the stream`;
    throw new SpanstreamError('stranded', message);
  }
}

/** Waits until a mapping is through with all that arrived by now; shows how far it is, where a total is given. */
async function untilIdle(
  mapping: LocalStack['mappings']['inference'],
  signal: AbortSignal,
  total?: number,
): Promise<void> {
  const since = Date.now();
  const progress = total && createProgress({ label: 'processed', total, unit: 'records' });
  while (!mapping.idle(since)) {
    const done = mapping.lag().shards.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    if (progress) progress.update(Math.min(done, total));
    if (Date.now() - since > LIMIT_SECONDS * 1_000) {
      const message = `${LIMIT_SECONDS} s were not enough; see the logs with --keep`;
      throw new SpanstreamError('out-of-time', message);
    }
    await delay(200, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  if (!progress) return;
  progress.update(total);
  progress.stop();
}

function compare(input: DemoInput, books: Books, metrics: DemoOutcome['metrics']) {
  const ids = new Set(books.results.map(({ id }) => id)).size;
  const parked = Math.min(books.rejections, books.failureObjects);
  const all = Object.values(metrics);
  const over = (count: number, expected: number) => Math.max(0, count - expected);
  return {
    lost:
      over(input.good, ids) +
      over(input.poison, parked) +
      Number(all.some(({ published, table }) => published < table)),
    duplicated:
      books.results.length -
      ids +
      over(books.rejections, input.poison) +
      over(books.failureObjects, input.poison) +
      Number(all.some(({ published, table }) => published > table)),
  };
}
