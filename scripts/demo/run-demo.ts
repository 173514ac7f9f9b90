import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createProducer } from '#producers/index.ts';
import { createProgress } from '#shared/cli/progress.ts';
import { SpanstreamError } from '#shared/errors.ts';
import type { LocalStack } from '#stacks/local/stack.ts';
import { type Books, type Deployed, readBooks } from './books.ts';

const fixtures = new URL('../../fixtures/texts/', import.meta.url);
const LIMIT_SECONDS = 600;

interface PoisonFixture {
  readonly name: string;
  readonly dataBase64: string;
  readonly expectedReasons: readonly string[];
  readonly goodRecords: number;
}

/** What is put on the stream, and how many records must become results, and be parked. */
export type DemoInput = Awaited<ReturnType<typeof readDemoInput>>;

/** How a demo ended. */
export type DemoReport = Awaited<ReturnType<typeof runDemo>>;

/**
 * Reads the fixtures: as many texts as asked for, or all of them, and every poison record. Where more are asked for than there
 * are, they come again under other ids.
 */
export async function readDemoInput(texts?: number) {
  const read = (name: string) => readFile(new URL(name, fixtures), 'utf8');
  const lines = (await read('records.jsonl')).split('\n').filter((line) => line !== '');
  const records = Array.from({ length: texts ?? lines.length }, (_, index) => {
    const line = lines[index % lines.length] ?? '';
    const round = Math.floor(index / lines.length) + 1;
    if (round === 1) return line;
    const record = JSON.parse(line);
    return JSON.stringify({ ...record, id: `${record.id}.${round}` });
  });
  const poisons: PoisonFixture[] = JSON.parse(await read('poison.json'));
  return {
    blobs: [
      ...records.map((line, index) => ({ data: Buffer.from(line), partitionKey: `text-${index}` })),
      ...poisons.map(({ name, dataBase64 }) => ({
        data: Buffer.from(dataBase64, 'base64'),
        partitionKey: name,
      })),
    ],
    good: poisons.reduce((sum, { goodRecords }) => sum + goodRecords, records.length),
    poison: poisons.flatMap(({ expectedReasons }) => expectedReasons).length,
  };
}

/** Puts the fixtures on the stream, waits until all is processed and counted, and compares the books. */
export async function runDemo(stack: LocalStack, input: DemoInput, signal: AbortSignal) {
  const since = new Date();
  await put(stack, input, signal);
  await untilIdle(stack.mappings.inference, signal, input.blobs.length);
  const seconds = (Date.now() - since.getTime()) / 1_000;
  await untilIdle(stack.mappings.metrics, signal);
  const books = await readBooks(stack, since);
  /** From the first put to the last result. */
  const recordsPerSecond = Math.round(((input.good + input.poison) / seconds) * 10) / 10;
  return { ...books, ...compare(input, books), recordsPerSecond };
}

/** Puts the input on a deployment's stream, with a progress bar. */
export async function put(
  { clients, names }: Deployed,
  { blobs }: DemoInput,
  signal: AbortSignal,
): Promise<void> {
  const progress = createProgress({ label: 'put      ', total: blobs.length, unit: 'records' });
  const producer = createProducer({ client: clients.kinesis, streamName: names.stream });
  const report = await producer.putBlobs(blobs, {
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
    if (progress) progress.update(Math.min(mapping.lag().acknowledged, total));
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

/** What of the input is lost, and what is there twice; a metric that is off counts as one. */
export function compare({ good, poison }: DemoInput, books: Books) {
  const { results, rejections, failureObjects } = books;
  const ids = new Set(results.map(({ id }) => id)).size;
  const metrics = Object.values(books.metrics);
  const over = (count: number, expected: number) => Math.max(0, count - expected);
  return {
    lost:
      over(good, ids) +
      over(poison, Math.min(rejections, failureObjects)) +
      Number(metrics.some(({ published, table }) => published < table)),
    duplicated:
      results.length -
      ids +
      over(rejections, poison) +
      over(failureObjects, poison) +
      Number(metrics.some(({ published, table }) => published > table)),
  };
}
