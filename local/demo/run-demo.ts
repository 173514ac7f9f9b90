import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalStack } from '#local/stack.ts';
import { createProducer } from '#producers/index.ts';
import { createProgress } from '#shared/cli/progress.ts';
import { SpanstreamError } from '#shared/errors.ts';
import { type Books, countersOf, publishedSum, readBooks } from './books.ts';

const fixtures = new URL('../../fixtures/texts/', import.meta.url);

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
  const poisons = JSON.parse(
    await readFile(new URL('poison.json', fixtures), 'utf8'),
  ) as PoisonFixture[];
  return {
    blobs: [
      ...records.map((line, index) => ({ data: Buffer.from(line), partitionKey: `text-${index}` })),
      ...poisons.map(({ name, dataBase64 }) => ({
        data: Buffer.from(dataBase64, 'base64'),
        partitionKey: name,
      })),
    ],
    good: records.length + poisons.reduce((sum, { goodRecords }) => sum + goodRecords, 0),
    poison: poisons.reduce((sum, { expectedReasons }) => sum + expectedReasons.length, 0),
  };
}

/** Puts the fixtures on the stream, waits until all is processed and counted, and compares the books. */
export async function runDemo(
  stack: LocalStack,
  input: DemoInput,
  limitSeconds: number,
): Promise<DemoOutcome> {
  const since = new Date();
  const deadline = Date.now() + limitSeconds * 1_000;
  await put(stack, input);
  await processed(stack, input, deadline);
  const seconds = (Date.now() - since.getTime()) / 1_000;
  const books = await readBooks(stack);
  const metrics = await settledMetrics(stack, books, since, deadline);
  const total = input.good + input.poison;
  return {
    books,
    metrics,
    ...compare(input, books, metrics),
    recordsPerSecond: Math.round((total / seconds) * 10) / 10,
  };
}

async function put(stack: LocalStack, input: DemoInput): Promise<void> {
  const progress = createProgress({
    label: 'put      ',
    total: input.blobs.length,
    unit: 'records',
  });
  const producer = createProducer({
    client: stack.clients.kinesis,
    streamName: stack.names.stream,
  });
  const report = await producer.putBlobs(input.blobs, {
    onProgress: ({ put: done }) => progress.update(done),
  });
  progress.stop();
  if (report.stranded.length > 0) {
    throw new SpanstreamError(
      'stranded',
      `${report.stranded.length} records could not be put on the stream`,
    );
  }
}

async function processed(stack: LocalStack, input: DemoInput, deadline: number): Promise<void> {
  const progress = createProgress({
    label: 'processed',
    total: input.blobs.length,
    unit: 'records',
  });
  const since = Date.now();
  const { inference } = stack.mappings;
  while (!inference.idle(since)) {
    const done = inference.lag().shards.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    progress.update(Math.min(done, input.blobs.length));
    await withinDeadline(deadline, 'processing the records');
  }
  progress.update(input.blobs.length);
  progress.stop();
}

async function settledMetrics(stack: LocalStack, books: Books, since: Date, deadline: number) {
  const stored = Date.now();
  while (!stack.mappings.metrics.idle(stored))
    await withinDeadline(deadline, 'counting the results');
  const metrics: Record<string, { published: number; table: number }> = {};
  for (const [name, table] of Object.entries(countersOf(books))) {
    metrics[name] = { published: await publishedSum(stack, name, since), table };
  }
  return metrics;
}

function compare(input: DemoInput, books: Books, metrics: DemoOutcome['metrics']) {
  const ids = new Set(books.results.map(({ id }) => id)).size;
  const parked = Math.min(books.rejections, books.failureObjects);
  const counted = Object.values(metrics).some(({ published, table }) => published > table);
  const missed = Object.values(metrics).some(({ published, table }) => published < table);
  return {
    lost: Math.max(0, input.good - ids) + Math.max(0, input.poison - parked) + (missed ? 1 : 0),
    duplicated:
      books.results.length -
      ids +
      Math.max(0, books.rejections - input.poison) +
      Math.max(0, books.failureObjects - input.poison) +
      (counted ? 1 : 0),
  };
}

async function withinDeadline(deadline: number, what: string): Promise<void> {
  if (Date.now() > deadline) {
    throw new SpanstreamError('out-of-time', `${what} took too long; see the logs with --keep`);
  }
  await delay(200);
}
